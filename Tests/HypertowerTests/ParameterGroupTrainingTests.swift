import Testing

@testable import Hypertower

/// Training with groups of parameters that have towers of their own.
@Suite struct ParameterGroupTrainingTests: SmallNetworkTests {
  static let widths = [6, 5, 3]
  static let data = samples(seed: 91)

  private func weights(_ trainer: Trainer) throws -> [String: [Double]] {
    Dictionary(uniqueKeysWithValues: try trainer.weights().entries.map { ($0.name, $0.doubles()) })
  }

  /// A group for each tensor tunes what one tower with a step size for each tensor does.
  @Test(arguments: TestBackend.native + TestBackend.otherProfiles.prefix(1))
  func eachTensorAGroup(backend: TestBackend) throws {
    // The rule above moves each step size by itself, so that one for all is one for each.
    let names = ["w2", "w1", "b1", "b2"]
    let groups = try trainer(
      names.map { "\($0): sgd(0.5) / sgd(0.05)" }.joined(separator: "; "), on: backend.device())
    let single = try trainer("sgd_per_parameter(0.5) / sgd(0.05)", on: backend.device())
    let (grouped, expected) = (try step(groups, 7), try step(single, 7))
    let tolerance = backend.isDouble ? 1e-12 : 1e-5
    assertClose(grouped.map(\.loss), expected.map(\.loss), .absolute(tolerance), backend.name)
    for (own, other) in zip(grouped, expected) {
      #expect(own.groups.map(\.name) == names)
      let alphas = Dictionary(
        uniqueKeysWithValues: own.groups.map { ($0.name!, $0.hyperparameters[0][0].value) })
      for (name, value) in other.hyperparameters[0] {
        assertClose(
          alphas[String(name.dropLast("_alpha".count))]!, value, .absolute(tolerance), name)
      }
    }
  }

  @Test func theLearnedTower() throws {
    let trainer = try trainer("w*: sgd(0.5) / adam(0.05); b1: frozen; else: sgd(0.1)", on: .cpu64)
    let last = try #require(try step(trainer, 7).last)
    let learned = try trainer.tower
    #expect(learned.groups.map { $0.selector!.description } == ["w*", "b1", "else"])
    #expect(try Tower(parsing: learned.description).description == learned.description)
    let alpha = learned.groups[0].levels[0].hyperparameters[0].value
    #expect(alpha != 0.5 && alpha == last.groups[0].hyperparameters[0][0].value)
    #expect(last.groups.map { $0.hyperparameters.count } == [2, 1])
    #expect(last.hyperparameters.count == 3)
  }

  /// Levels of several rules, sums and averages, on every device as on the reference.
  @Test(arguments: TestBackend.openCL + TestBackend.otherProfiles.prefix(1))
  func agree(backend: TestBackend) throws {
    let notations: [(String, WeightAverage?, Double?)] = [
      ("weights: adam(0.05) / kesten(); biases: sgd(0.2, momentum=0.5)", .polynomial, 1e-3),
      (
        "w1: prodigy(d0=0.01) / sgd(0.1); b1: frozen; else: sgd_per_parameter(0.3) / drift()", nil,
        nil
      ),
      ("w*: schedule_free_adam(0.05); else: lamb(0.01) / sgd(0.1)", nil, nil),
    ]
    for (notation, average, firstStep) in notations {
      let (own, exact) = (
        try trainer(notation, firstStep: firstStep, average: average, on: backend.device()),
        try trainer(notation, firstStep: firstStep, average: average, on: .cpu64)
      )
      let (losses, expected) = (try step(own, 6), try step(exact, 6))
      assertClose(
        losses.map(\.loss), expected.map(\.loss), .absolute(1e-4), "\(notation) on \(backend.name)")
      for (own, other) in zip(losses, expected) {
        for (level, expected) in zip(own.hyperparameters, other.hyperparameters) {
          assertClose(
            level.map(\.value), expected.map(\.value), .relativeFromOne(1e-3),
            "\(notation) on \(backend.name)")
        }
      }
      let expectedWeights = try weights(exact)
      for (name, values) in try weights(own) {
        assertClose(
          values, expectedWeights[name]!, .absolute(1e-3), "\(name), \(notation) on \(backend.name)"
        )
      }
    }
  }

  /// What is frozen keeps its bits, and no gradient of it is computed.
  @Test(arguments: TestBackend.native)
  func frozen(backend: TestBackend) throws {
    for average in [nil, WeightAverage.polynomial] {
      let trainer = try trainer(
        "*1: frozen; else: adam(0.1) / sgd(0.1)", average: average, on: backend.device())
      let before = try weights(trainer)
      try step(trainer, 5)
      let after = try weights(trainer)
      for name in ["w1", "b1"] {
        #expect(before[name] == after[name], "\(name) on \(backend.name)")
      }
      for name in ["w2", "b2"] {
        #expect(before[name] != after[name], "\(name) on \(backend.name)")
      }
    }
  }

  @Test func frozenNeedsNoGradient() throws {
    func products(_ notation: String) throws -> Int {
      let measuring = MeasuringBackend(CPUBackend<Float>())
      let trainer = try trainer(notation, on: Device(name: "measuring", backend: measuring))
      try step(trainer, 1)
      return measuring.programs.last!.instructions.count { instruction in
        if case .matrixProduct = instruction { true } else { false }
      }
    }
    // Two forwards; backwards w2's gradient alone, of three.
    #expect(try products("sgd()") == 5)
    #expect(try products("*1: frozen; else: sgd()") == 3)
  }

  /// In the first step what moves one group depends on nothing of another's tower.
  @Test(arguments: TestBackend.native)
  func oneGroupLeavesTheOthersAlone(backend: TestBackend) throws {
    for firstStep in [nil, 1e-3] {
      let steps = try ["sgd(0.1)", "adam(0.3) / kesten()", "lamb(0.5)"].map { other in
        let trainer = try trainer(
          "weights: adam(0.05) / sgd(0.1); else: \(other)", firstStep: firstStep,
          on: backend.device())
        try step(trainer, 1)
        return try weights(trainer)
      }
      for own in steps.dropFirst() {
        #expect(own["w1"] == steps[0]["w1"] && own["w2"] == steps[0]["w2"], "\(backend.name)")
        #expect(own["b1"] != steps[0]["b1"], "\(backend.name)")
      }
    }
  }

  /// How much a way lowers the loss to first order, by where a step of a certain size along the gradient ends.
  private static func promise(
    from start: [String: [Double]], to end: [String: [Double]],
    gradientStep: (size: Double, end: [String: [Double]])
  ) -> Double {
    start.keys.reduce(0.0) { sum, name in
      zip(start[name]!, zip(gradientStep.end[name]!, end[name]!)).reduce(sum) {
        $0 + ($1.0 - $1.1.0) / gradientStep.size * ($1.0 - $1.1.1)
      }
    }
  }

  /// The first step promises at most the share of the loss, over all groups together.
  @Test func firstStep() throws {
    let notation = "weights: sgd(100); biases: sgd(100)"
    let (plain, limited) = (
      try trainer(notation, on: .cpu64), try trainer(notation, firstStep: 1e-3, on: .cpu64)
    )
    let start = try weights(plain)
    let loss = try step(plain, 1)[0].loss
    try step(limited, 1)
    let (far, near) = (try weights(plain), try weights(limited))
    let promise = Self.promise(from: start, to: near, gradientStep: (100, far))
    assertClose(promise, 1e-3 * loss, .relative(1e-9), "promise")
  }

  /// A step whose length depends on sums promises what it then keeps: the way against the gradient.
  @Test(
    arguments: [
      "clip_global_norm(0.01) | sgd(50)", "clip_norm(0.01) | adam(5)", "lamb(0.5)", "dog(1e5)",
      "w*: lamb(3) / sgd(0.1); else: clip_global_norm(0.01) | sgd(90, momentum=0.5)",
    ], TestBackend.native)
  func firstStepWithSums(notation: String, backend: TestBackend) throws {
    /// The promise of the first step to first order, and the loss.
    func promise(_ firstStep: Double?) throws -> (promise: Double, loss: Double) {
      let own = try trainer(notation, firstStep: firstStep, on: backend.device())
      let plain = try trainer("sgd(1)", on: .cpu64)
      let start = try weights(plain)
      let loss = try step(plain, 1)[0].loss
      try step(own, 1)
      let (unit, moved) = (try weights(plain), try weights(own))
      return (Self.promise(from: start, to: moved, gradientStep: (1, unit)), loss)
    }
    let free = try promise(nil)
    let tolerance = backend.isDouble ? 1e-6 : 1e-2
    // Half of what it promises by itself, which is then what it promises.
    let share = free.promise / free.loss / 2
    #expect(free.promise > 0)
    let groups = notation.contains(";") ? 2.0 : 1.0
    let limited = try promise(share)
    if groups == 1 {
      assertClose(limited.promise, free.promise / 2, .relative(tolerance), notation)
    } else {
      #expect(
        limited.promise < free.promise / 2 * (1 + tolerance) && limited.promise > free.promise / 5)
    }
    // What promises less stays as it is.
    assertClose(
      try promise(4 * groups * share).promise, free.promise, .relative(tolerance), notation)
  }

  @Test func theFirstStepOfSeveralBatches() {
    let error = #expect(throws: InputError.self) {
      try trainer("weights: accumulate(2) | sgd(1); else: sgd()", firstStep: 1e-3, on: .cpu)
    }
    #expect(error?.message.contains("accumulate lets the first batch move nothing") == true)
  }

  /// Checkpoints name what each group has, and a run goes on from them bit by bit.
  @Test(arguments: TestBackend.native)
  func goOnBitByBit(backend: TestBackend) throws {
    let notations: [(String, WeightAverage?)] = [
      ("weights: adam(0.05) / kesten(); b1: frozen; else: sgd(0.2) / sgd(0.1)", .polynomial),
      ("w1: schedule_free_adam(0.05); else: adamw(linear(0.01))", nil),
      ("w*: prodigy() / sgd(0.1); else: sgd_per_parameter(0.1) / drift()", nil),
    ]
    for (notation, average) in notations {
      func trainer() throws -> Trainer {
        try self.trainer(
          notation, firstStep: 1e-2, average: average, plannedSteps: 20, on: backend.device())
      }
      func bits(_ trainer: Trainer) throws -> [UInt64] {
        try trainer.checkpoint().entries.flatMap { $0.doubles().map(\.bitPattern) }
      }
      let (whole, resumed) = (try trainer(), try trainer())
      try step(whole, 5)
      try step(resumed, 2)
      try resumed.resume(from: whole.checkpoint(), on: Self.data)
      for trainer in [whole, resumed] { try step(trainer, 4) }
      #expect(try bits(whole) == bits(resumed), "\(notation) on \(backend.name)")

      let fresh = try trainer()
      try whole.restart(with: Tower(parsing: notation), seed: 5)
      for trainer in [whole, fresh] { try step(trainer, 3) }
      #expect(
        try weights(whole) == weights(fresh), "\(notation), started again on \(backend.name)")
    }
  }

  /// What a formula takes for a constant is none of a checkpoint's numbers, so it must be the same.
  @Test(
    arguments: [
      ("adam_alpha(beta1=0.8)", "adam_alpha(beta1=0.7)"),
      ("accumulate(3) | sgd()", "accumulate(4) | sgd()"),
      ("sgd() | lookahead(3) / sgd()", "sgd() | lookahead() / sgd()"),
      ("w*: muon(); else: lion()", "w*: muon(nesterov=false); else: lion()"),
    ])
  func otherConstants(of own: String, _ other: String) throws {
    let (first, second) = (try trainer(own, on: .cpu), try trainer(other, on: .cpu))
    try step(first, 2)
    let file = try first.checkpoint()
    let error = #expect(throws: InputError.self) { try second.resume(from: file, on: Self.data) }
    #expect(error?.message.contains("give it the same constants") == true)
    // Earlier versions did not write them down.
    let earlier = SafetensorsFile(
      file.entries, metadata: file.metadata.filter { $0.key != "constants" })
    try second.resume(from: earlier, on: Self.data)
    #expect(second.stepCount == 2)
  }

  @Test func namesInCheckpoints() throws {
    let trainer = try trainer(
      "weights: adam() / sgd(0.1); b1: frozen; else: sgd(0.2, momentum=0.5)", on: .cpu)
    try step(trainer, 2)
    let file = try trainer.checkpoint()
    let names = file.entries.map(\.name)
    for name in [
      "optimizer.w1.m", "optimizer.b2.b", "tower.weights.0.hyperparameter.alpha",
      "tower.weights.1.hyperparameter.alpha", "tower.else.0.hyperparameter.momentum",
      "tower.0.previous.gradient.w2",
    ] {
      #expect(names.contains(name), "\(name) of \(names)")
    }
    #expect(!names.contains { $0.hasPrefix("optimizer.b1") })
    #expect(Set(names).count == names.count)
    let other = try self.trainer(
      "weights: adam() / sgd(0.1); else: sgd(0.2, momentum=0.5)", on: .cpu)
    let error = #expect(throws: InputError.self) { try other.resume(from: file, on: Self.data) }
    #expect(
      error?.message.contains(
        "was made with the rules weights: adam / sgd; b1: frozen; else: sgd, not weights: adam / sgd; else"
      ) == true, "\(error?.message ?? "")")
  }

  /// A tower that says which weights are tested leaves those of other groups as they are.
  @Test(arguments: TestBackend.native)
  func evaluatedApart(backend: TestBackend) throws {
    let trainer = try trainer("w1: schedule_free_adam(0.1); else: sgd(0.1)", on: backend.device())
    try step(trainer, 4)
    let (file, own) = (try trainer.checkpoint(), try weights(trainer))
    #expect(try #require(file["training.w1"]).doubles() != own["w1"])
    #expect(try #require(file["training.w2"]).doubles() == own["w2"])
    #expect(try #require(file["training.b2"]).doubles() == own["b2"])
  }

  @Test(arguments: TestBackend.native)
  func divergenceNamesTheGroup(backend: TestBackend) throws {
    // Twice so much is infinite.
    let most = backend.isDouble ? "1.7e308" : "3.4e38"
    let trainer = try trainer(
      "weights: sgd(0.1); biases: sgd(0.001) / adam(\(most))", on: backend.device())
    let error = #expect(throws: DivergenceError.self) { try step(trainer, 12) }
    #expect(
      error?.description.contains("of the group 'biases'") == true, "\(error?.description ?? "")")
  }

  @Test func wrongTowersNameTheGroup() {
    let error = #expect(throws: InputError.self) {
      try trainer("w1: sgd_per_parameter(0.1, w2_alpha=0.2); else: sgd()", on: .cpu)
    }
    #expect(
      error?.message.hasPrefix("group 'w1': sgd_per_parameter: unknown argument 'w2_alpha'")
        == true,
      "\(error?.message ?? "")")
  }
}
