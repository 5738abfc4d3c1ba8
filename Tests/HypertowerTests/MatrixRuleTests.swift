import Testing

@testable import Hypertower

/// Rules that look at tensors as matrices: Adafactor and Muon. Their trajectories are compared with those of packages
/// in `RivalsTests`; see also `MuonTests`.
@Suite struct MatrixRuleTests: SmallNetworkTests {
  /// A tall matrix, `[8, 6]`, and a wide one, `[3, 8]`.
  static let widths = [6, 8, 3]
  static let data = samples(seed: 92)

  // MARK: Hypergradients

  /// The gradients of each level's hyperparameters against differences of the next batch's loss, where these are
  /// shifted in the step before. The top level moves nothing, so that what is shifted stays so.
  ///
  /// Adafactor's step has a kink where rms(u) is its threshold, and gradients of one norm make rms(u) nearly 1, the
  /// default. So shifts are small shares of the hyperparameters, and where each tensor's norm is that of before, the
  /// threshold is far from 1, above it and below.
  @Test(
    arguments: [
      "adafactor(0.2) / sgd(0)",
      "adafactor(0.2, decay_rate=0.6, weight_decay=0.1, clip=0.4, eps2=0.2) / sgd(0)",
      "adafactor(0.2, eps1=0.01, relative_step=true) / sgd(0)",
      "clip_global_norm(0.05) | adafactor(0.2) | lookahead(2) / sgd(0)",
      "accumulate(2) | adafactor(0.2) | lookahead(2) / sgd(0)",
      "clip_norm(0.01) | adafactor(0.2, weight_decay=0.1, clip=0.4) / sgd(0)",
      "clip_norm(0.01) | adafactor(0.2, weight_decay=0.1, clip=3) / sgd(0)",
      "sgd(0.5) / adafactor(0.2, weight_decay=0.1) / sgd(0)",
      "adam(0.1) / adafactor(0.2, decay_rate=0.5, clip=3) / sgd(0)",
      "adafactor(0.2) / adafactor(0.1) / sgd(0)",
      "weights: muon(0.1) / sgd(0); else: sgd(0.1)",
      "weights: muon(0.1, momentum=0.7, nesterov=false) / sgd(0); else: adam(0.1) / adam()",
      "weights: clip_global_norm(0.05) | muon(0.2) | lookahead(2) / sgd(0); else: sgd(0.1)",
    ])
  func hypergradients(of notation: String) throws {
    let trainer = try trainer(notation, on: .cpu64)
    let group = trainer.state.groups[0]
    let top = group.layout.levels.count - 1
    let (gradients, tuned) = (group.layout.levels[top], group.layout.levels[top - 1])
    let backend = trainer.state.backend
    let places = tuned.hyperparameters..<tuned.hyperparameters + gradients.width
    let shifts = try backend.read(places, of: group.values).doubles.map {
      min(0x1p-11, 0x1p-9 * $0.magnitude)
    }
    var greatest = [Double](repeating: 0, count: gradients.width)
    try step(trainer, 1)
    for number in 1...5 {
      let before = try trainer.snapshot()
      func loss(_ h: Int, _ shift: Double) throws -> Double {
        try trainer.restore(before)
        let place = places.lowerBound + h
        let value = try backend.read(place..<place + 1, of: group.values).doubles[0]
        try backend.write(.float64([value + shift]), to: group.values, at: place)
        return try step(trainer, 2)[1].loss
      }
      let derivatives = try (0..<gradients.width).map { h in
        try centralDifference(step: shifts[h]) { try loss(h, $0) }
      }
      _ = try loss(0, 0)
      let found = try backend.read(
        gradients.gradients..<gradients.gradients + gradients.width, of: group.values
      ).doubles
      for h in found.indices {
        greatest[h] = max(greatest[h], derivatives[h].magnitude)
        if (found[h] - derivatives[h]).magnitude < 4e-15 / shifts[h] { continue }
        assertClose(
          found[h], derivatives[h], .relative(1e-6),
          "\(notation), step \(number), \(tuned.hyperparameterNames[h])")
      }
      try trainer.restore(before)
      try step(trainer, 1)
    }
    // An error of a part in 10,000 would stand out of rounding.
    for (h, greatest) in greatest.enumerated() {
      #expect(
        greatest > 4e-11 / shifts[h], "\(notation): too little of \(tuned.hyperparameterNames[h])")
    }
  }

  /// In float32, on every device.
  @Test(arguments: TestBackend.native + TestBackend.otherProfiles.prefix(1))
  func devicesAgree(backend: TestBackend) throws {
    for notation in [
      "adafactor(0.1, weight_decay=0.1) / adam(0.01) / sgd(0.01)",
      "accumulate(2) | adafactor(0.1) / drift(per_tensor=true)",
      "weights: muon(0.05) / adam(0.01); else: adafactor(0.1)",
      "weights: muon(0.05) / kesten(); else: sgd(0.1)",
    ].prefix(backend.isNative ? 4 : 1) {
      let (reference, own) = (
        try trainer(notation, on: .cpu64), try trainer(notation, on: backend.device())
      )
      for (expected, record) in zip(try step(reference, 10), try step(own, 10)) {
        assertClose(
          record.loss, expected.loss, .relative(1e-4), "\(notation) on \(backend.name)")
        for (group, other) in zip(record.groups, expected.groups) {
          for (level, otherLevel) in zip(group.hyperparameters, other.hyperparameters) {
            assertClose(
              level.map(\.value), otherLevel.map(\.value), .relativeFromOne(1e-4),
              "\(notation) on \(backend.name)")
          }
        }
      }
    }
  }

  // MARK: States

  /// Means of squares take a number for each row and column, and a checkpoint has them so.
  @Test func statesOfRowsAndColumns() throws {
    let trainer = try trainer("adafactor(0.1)", on: .cpu64)
    try step(trainer, 2)
    let file = try trainer.checkpoint()
    for (name, shape) in [
      ("w1.R", [8]), ("w1.C", [6]), ("b1.R", [8]), ("b1.C", [1]), ("w2.R", [3]), ("w2.C", [8]),
    ] {
      let entry = try #require(file["optimizer.\(name)"])
      #expect(entry.shape == shape, "\(name)")
      #expect(entry.doubles().allSatisfy { $0 > 0 }, "\(name)")
    }
    // Both are means of the same squares.
    func mean(_ name: String) throws -> Double {
      let values = try #require(file["optimizer.\(name)"]).doubles()
      return values.reduce(0, +) / Double(values.count)
    }
    for tensor in ["w1", "b1", "w2"] {
      assertClose(try mean("\(tensor).R"), try mean("\(tensor).C"), .relative(1e-12), tensor)
    }
  }

  // MARK: Training

  private func arrays(_ trainer: Trainer) throws -> [[UInt64]] {
    let state = trainer.state
    let arrays =
      [state.arena]
      + state.groups.flatMap { $0.states + [$0.axisStates, $0.derivatives].compactMap { $0 } }
    return try arrays.map { array in
      try state.backend.read(0..<array.count, of: array).doubles.map(\.bitPattern)
    }
  }

  /// From a loss that is not finite on nothing moves.
  @Test(arguments: TestBackend.native)
  func aLossThatIsNotFinite(backend: TestBackend) throws {
    var random = SeededRandom(95)
    var features = random.floats(24 * 6, in: -1...1)
    features[20 * 6] = .nan
    let spoiled = Dataset(
      count: 24, featureCount: 6, features: .floats(features),
      targets: .classes((0..<24).map { Int32($0 % 3) }, classCount: 3))
    for notation in [
      "adafactor(0.1) / sgd(0.1)", "weights: muon(0.1) / sgd(); else: adam() / sgd()",
      "biases: sgd(0.1); else: accumulate(2) | adafactor()", "weights: muon(); else: sgd(0.1)",
    ] {
      func trained(_ count: Int) throws -> Trainer {
        let trainer = try trainer(notation, on: backend.device())
        try trainer.train(on: spoiled, batchSize: 8, steps: count, shuffled: false)
        return trainer
      }
      func diverged(_ count: Int) throws -> Trainer {
        let trainer = try trainer(notation, on: backend.device())
        #expect(throws: DivergenceError.self) {
          try trainer.train(on: spoiled, batchSize: 8, steps: count, shuffled: false)
        }
        return trainer
      }
      let before = try arrays(trained(2))
      for count in [3, 7] {
        #expect(
          try arrays(diverged(count)) == before, "\(notation), \(count) steps on \(backend.name)")
      }
    }
  }

  /// The same from a hyperparameter on, in the tower of either group.
  @Test(arguments: TestBackend.native)
  func aHyperparameterThatIsNotFinite(backend: TestBackend) throws {
    // Twice so much is infinite.
    let most = backend.isDouble ? "1.7e308" : "3.4e38"
    let others = "sgd(0.001) / adam(\(most))"
    for notation in [
      "weights: muon(0.1); else: \(others)", "biases: \(others); else: adafactor()",
    ] {
      func diverged(_ count: Int) throws -> (trainer: Trainer, step: Int) {
        let trainer = try trainer(notation, on: backend.device())
        let error = #expect(throws: DivergenceError.self) { _ = try step(trainer, count) }
        return (trainer, try #require(error).step)
      }
      let (first, number) = try diverged(9)
      let (before, after) = (try trainer(notation, on: backend.device()), try arrays(first))
      try step(before, number)
      #expect(try after == arrays(before), "\(notation) on \(backend.name)")
      #expect(try after == arrays(diverged(12).trainer), "\(notation) on \(backend.name)")
    }
  }

  /// An average of the weights is that of the weights.
  @Test(arguments: TestBackend.native)
  func averages(backend: TestBackend) throws {
    let trainer = try trainer(
      "weights: muon(0.05) / sgd(0.1); else: adafactor(0.1)", average: .polynomial,
      on: backend.device())
    var (sum, mean) = ([Double](), [Double]())
    for number in 1...5 {
      try step(trainer, 1)
      let (file, entries) = (try trainer.checkpoint(), try trainer.weights().entries)
      let now = try entries.flatMap { try #require(file["training.\($0.name)"]).doubles() }
      let weight = 9 / Double(number + 8)
      mean = number == 1 ? now : zip(mean, now).map { $0 + weight * ($1 - $0) }
      sum = entries.flatMap { $0.doubles() }
      assertClose(
        sum, mean, .relativeFromOne(backend.isDouble ? 1e-13 : 1e-6), "step \(number)")
    }
  }

  @Test(
    arguments: [
      ("muon()", "muon: moves tensors of two axes or more, and b1, b2 have fewer"),
      (
        "w1: adam(); b1: sgd(); else: muon() / sgd()",
        "group 'else': muon: moves tensors of two axes or more, and b2 has fewer"
      ),
      ("sgd() / muon()", "it can only be the bottom level"),
      // Nothing that is stored.
      ("adafactor(eps1=0)", "eps1 = 0 is out of range; it must be greater than 0\n"),
      ("weights: muon(momentum=cosine(0.9)) / sgd(); else: sgd()", "cannot be a schedule"),
    ])
  func errors(notation: String, message: String) {
    let error = #expect(throws: InputError.self) { try trainer(notation, on: .cpu) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func theFirstStepIsNotLimited() {
    for notation in ["adafactor()", "weights: muon(); else: sgd()"] {
      let error = #expect(throws: InputError.self) {
        try trainer(notation, firstStep: 1e-3, on: .cpu)
      }
      #expect(error?.message.contains("the first step cannot be limited") == true)
    }
  }

  /// A rule of one's own with means of rows, in a step and above another rule.
  @Test func ruleOfOnesOwn() throws {
    let definition = RuleDefinition("centered") { rule in
      let learningRate = rule.learningRate(default: 0.1)
      return rule.parameter - learningRate * (rule.gradient - rule.rowMean(of: rule.gradient))
    }
    let rules = RuleDefinition.standard + [definition]
    func weights(_ notation: String) throws -> [String: [Double]] {
      let trainer = try Trainer(
        DenseNetwork(widths: [6, 8, 3]), loss: .negativeLogLikelihood,
        optimizer: Tower(parsing: notation, rules: rules), on: .cpu64, seed: 5)
      try step(trainer, 1)
      return Dictionary(
        uniqueKeysWithValues: try trainer.weights().entries.map { ($0.name, $0.doubles()) })
    }
    let (start, plain, own) = (
      try weights("sgd(0)"), try weights("sgd(0.1)"), try weights("centered()")
    )
    for (name, columns) in [("w1", 6), ("w2", 8), ("b1", 1)] {
      let (start, plain) = (try #require(start[name]), try #require(plain[name]))
      let steps = zip(plain, start).map(-)
      let expected = start.indices.map { i in
        let row = i / columns * columns
        return start[i] + steps[i] - steps[row..<row + columns].reduce(0, +) / Double(columns)
      }
      assertClose(try #require(own[name]), expected, .absolute(1e-15), name)
    }
  }
}
