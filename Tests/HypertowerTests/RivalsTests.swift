import FoundationEssentials
import Testing

@testable import Hypertower

/// Optimizers by other people, against their packages: `Tests/References/rivals.py`.
@Suite struct RivalsTests {
  struct Reference: Decodable {
    struct Run: Decodable {
      let losses: [Double]
      let finalLoss: Double
    }
    let features: [Float]
    let labels: [Int32]
    let weights: [String: [Float]]
    let batch: Int
    let runs: [String: Run]
  }

  private static let reference = Result {
    try ReferenceFile.decode("References/rivals.json") as Reference
  }

  private static func dataset(_ reference: Reference) -> Dataset {
    Dataset(
      count: reference.labels.count, featureCount: 6, features: .floats(reference.features),
      targets: .classes(reference.labels, classCount: 3))
  }

  private static func trainer(
    _ notation: String, _ reference: Reference, on device: Device
  ) throws -> Trainer {
    let trainer = try Trainer(
      DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood,
      optimizer: try Tower(parsing: notation), on: device)
    let shapes = ["w1": [5, 6], "b1": [5], "w2": [3, 5], "b2": [3]]
    try trainer.setWeights(
      SafetensorsFile(
        reference.weights.map { .init(name: $0, shape: shapes[$0]!, floats: $1) }, metadata: [:]))
    return trainer
  }

  @Test(arguments: TestBackend.native + TestBackend.otherProfiles.prefix(1))
  func followThePackages(backend: TestBackend) throws {
    let reference = try Self.reference.get()
    let data = Self.dataset(reference)
    #expect(reference.runs.count == 39)
    // Compiling takes PoCL seconds each: of a rule's runs, those whose numbers are the usual ones, and for GPUs a few.
    let runs = reference.runs.filter { notation, _ in
      if isStressed || backend.name.hasPrefix("cpu") { return true }
      return backend.isNative
        ? !notation.contains("=")
        : [
          "prodigy()", "dog()", "mechanic()", "lamb(0.01)",
          "clip_global_norm(0.2) | adamw(0.05)", "adafactor(0.05)",
          "weights: muon(0.05); else: adamw(0.01)",
        ].contains(notation)
    }
    func losses(_ trainer: Trainer, steps: Int) throws -> [Double] {
      var losses: [Double] = []
      try trainer.train(on: data, batchSize: reference.batch, steps: steps, shuffled: false) {
        losses += $0.map(\.loss)
      }
      return losses
    }
    let still = try losses(Self.trainer("sgd(0)", reference, on: backend.device()), steps: 25)
    for (notation, run) in runs {
      let trainer = try Self.trainer(notation, reference, on: backend.device())
      let losses = try losses(trainer, steps: run.losses.count)
      // Rounding grows: in float32 the first steps are compared, some of which lead not far. Packages round in places
      // of their own.
      let compared = backend.isDouble ? losses.count : still.count
      let change = zip(still, run.losses).map { abs($0 - $1) }.max() ?? 0
      let isOfAPackage = !notation.hasPrefix("mechanic")
      let tolerance = !backend.isDouble ? min(1e-3, change / 20) : isOfAPackage ? 1e-7 : 1e-12
      assertClose(
        Array(losses.prefix(compared)), Array(run.losses.prefix(compared)), .absolute(tolerance),
        "\(notation) on \(backend.name)")
      guard backend.isDouble else { continue }
      // Of the point that evaluation sees, which may be another than the weights.
      assertClose(
        try trainer.loss(on: data), run.finalLoss, .absolute(tolerance), "\(notation), in the end")
    }
  }

  /// States that all weights share are kept in checkpoints, and a restart begins anew.
  @Test(arguments: TestBackend.native)
  func goOnBitByBit(backend: TestBackend) throws {
    let reference = try Self.reference.get()
    let data = Self.dataset(reference)
    for notation in [
      "prodigy()", "dadapt_adam()", "schedule_free_adam()", "dog()", "prodigy(0.5) / sgd(0.1)",
      "schedule_free_adam() / adam()", "adam(0.05) / dog(reps_rel=0.1) / sgd(0.1)",
      "sgd_per_parameter(0.5) / sgd(0.1) / prodigy(d0=0.01)", "mechanic()",
      "mechanic_sgd(0.5) / sgd(0.1)", "adam(0.05) / mechanic() / sgd(0.1)",
      "adamw(0.01) / nadam(0.01) / adamw(0.01)", "nadam(0.01) / sgd(0.01)", "amsgrad(0.01)",
      "radam(0.01) / adabelief(0.01)", "lamb(0.01) / kesten()",
      "accumulate(3) | clip_global_norm(0.2) | adamw(0.05) / sgd(0.01)",
      "clip_norm(0.1) | adam(0.01) | lookahead(2) / accumulate(2) | sgd(0.1)",
      "adafactor(0.05)", "adafactor(0.05, weight_decay=0.1) / adafactor(0.1) / sgd(0.1)",
      "accumulate(3) | adafactor(0.05) | lookahead(2) / drift()",
      "weights: muon(0.05) / adam(); else: adamw() / sgd()",
      "weights: accumulate(2) | muon(0.05) / kesten(); else: adafactor()",
      "l2(0.1) | sgd(0.1) | weight_decay(0.1) / clip_value(0.1) | adam() | lookahead(3)",
    ] {
      func trainer() throws -> Trainer {
        try Self.trainer(notation, reference, on: backend.device())
      }
      func bits(_ trainer: Trainer) throws -> [UInt64] {
        try trainer.checkpoint().entries.flatMap { $0.doubles().map(\.bitPattern) }
      }
      func step(_ trainer: Trainer, _ count: Int) throws {
        try trainer.train(on: data, batchSize: 8, steps: count, shuffled: false)
      }
      let (whole, resumed, restarted) = (try trainer(), try trainer(), try trainer())
      try step(whole, 5)
      try step(resumed, 2)
      try resumed.resume(from: whole.checkpoint(), on: data)
      for trainer in [whole, resumed] { try step(trainer, 4) }
      #expect(try bits(whole) == bits(resumed), "\(notation) on \(backend.name)")

      try step(restarted, 3)
      let optimizer = try Tower(parsing: notation)
      for trainer in [restarted, whole] {
        try trainer.restart(with: optimizer, seed: 4)
        try step(trainer, 3)
      }
      let fresh = try Trainer(
        DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood, optimizer: optimizer,
        on: backend.device(), seed: 4)
      try step(fresh, 3)
      for trainer in [restarted, whole] {
        #expect(
          try trainer.weights().entries.map { $0.doubles() }
            == fresh.weights().entries.map { $0.doubles() }, "\(notation) on \(backend.name)")
      }
    }
  }

  @Test(
    arguments: [
      ("sgd() / schedule_free_adam()", 9, "it can only be the bottom level"),
      ("sgd() / dog() / schedule_free_adam()", 17, "says itself which weights are tested"),
    ])
  func onlyOnTheWeights(text: String, column: Int, message: String) {
    let error = #expect(throws: InputError.self) { try Tower(parsing: text) }
    #expect(error?.message.contains("column \(column): ") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  /// With β1 = 0 gradients are taken where Adam stands, and x is the plain mean of where it was.
  @Test func scheduleFreeWithoutBeta1() throws {
    let reference = try Self.reference.get()
    let data = Self.dataset(reference)
    let trainer = try Self.trainer("schedule_free_adam(0.05, beta1=0)", reference, on: .cpu64)
    var sum: [Double]?
    for step in 1...5 {
      try trainer.train(on: data, batchSize: 8, steps: 1, shuffled: false)
      let (file, weights) = (try trainer.checkpoint(), try trainer.weights().entries)
      let now = try weights.flatMap { try #require(file["training.\($0.name)"]).doubles() }
      sum = sum.map { zip($0, now).map(+) } ?? now
      assertClose(
        weights.flatMap { $0.doubles() }, try #require(sum).map { $0 / Double(step) },
        .relativeFromOne(1e-13),
        "step \(step)")
    }
  }

  /// The factor of each may have a schedule, as in a tower's text.
  @Test func schedules() throws {
    let pairs: [(any Optimizer, String)] = [
      (DoG(.linear(1)), "dog(linear(1))"), (Prodigy(.linear(0.5)), "prodigy(linear(0.5))"),
      (DAdaptAdam(.cosine(1)), "dadapt_adam(cosine(1))"),
      (ScheduleFreeAdam(.linear(0.01), beta1: 0.8), "schedule_free_adam(linear(0.01), beta1=0.8)"),
      (Mechanic(.cosine(1), decay: 0.1), "mechanic(cosine(1), lambda=0.1)"),
      (AdamW(.linear(1), weightDecay: 0.1), "adamw(linear(1), weight_decay=0.1)"),
      (NAdam(.linear(1), momentumDecay: 0.1), "nadam(linear(1), momentum_decay=0.1)"),
      (RAdam(.linear(1), beta2: 0.9), "radam(linear(1), beta2=0.9)"),
      (AMSGrad(.linear(1), epsilon: 0.1), "amsgrad(linear(1), eps=0.1)"),
      (AdaBelief(.linear(1), beta1: 0.5), "adabelief(linear(1), beta1=0.5)"),
      (LAMB(.linear(1), weightDecay: 0.1), "lamb(linear(1), weight_decay=0.1)"),
      (Adafactor(.linear(1), leastScale: 0.1), "adafactor(linear(1), eps2=0.1)"),
      (
        Adafactor(.linear(1), decayRate: 0.5, weightDecay: 0.1, relativeStep: true),
        "adafactor(linear(1), decay_rate=0.5, weight_decay=0.1, relative_step=true)"
      ),
      (
        Muon(.linear(1), momentum: 0.5, nesterov: false),
        "muon(linear(1), momentum=0.5, nesterov=false)"
      ),
    ]
    for (optimizer, text) in pairs {
      #expect(optimizer.tower.description == text)
      #expect(try Tower(parsing: text).description == text)
    }
  }

  /// Mechanic on a rule whose step has a part of the parameter: no digits of the step are lost.
  @Test(arguments: [RuleDefinition.sgd, .adam, .lion, .adagrad])
  func theStepOfARuleAlone(base: RuleDefinition) throws {
    let parameter = 1e30
    let alone = RuleDefinition("alone") { $0.step(of: base) }
    let decay = base.name == "lion" ? ["weight_decay": 0.25] : [:]
    func evaluate(_ rule: UpdateRule, at parameter: Double) -> Double {
      let states = rule.initialStates(tensors: ["w"])[0]
      return rule.graph.evaluate([rule.newParameter]) { input in
        switch rule.inputs[input] {
        case .parameter: parameter
        case .gradient: 0x1p-40
        case .step, .plannedSteps: 1
        case .hyperparameter(let h): rule.rawValues(tensors: ["w"])[h]
        case .state(let state): states[state]
        case .gradientBound, .runGradient, .runGradientBound, .sharedState, .axisState, .field,
          .sum, .uniform, .average:
          .nan
        }
      }[0]
    }
    let step = evaluate(try alone.rule(decay), at: parameter)
    let decayed = 0.25 * (base.name == "lion" ? parameter : 0)
    // Of a parameter that is 0, the new value is the step.
    let unit = evaluate(try base.rule(decay.merging(["alpha": 1]) { $1 }), at: 0)
    #expect(step == unit - decayed)
  }

  @Test func twoAverages() {
    let error = #expect(throws: InputError.self) {
      try Trainer(
        DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood,
        optimizer: ScheduleFreeAdam(), average: .polynomial, on: .cpu)
    }
    #expect(error?.message.contains("a further average is not possible") == true)
  }

  /// A rule of one's own with a norm: the trust ratio of LARS, on each tensor by itself.
  @Test(arguments: TestBackend.native)
  func normsByTensor(backend: TestBackend) throws {
    let lars = RuleDefinition("lars", granularity: .perTensor) { rule in
      let learningRate = rule.learningRate(default: 0.1)
      let ratio = rule.norm(of: rule.parameter) / rule.norm(of: rule.gradient)
      return rule.parameter - learningRate * ratio * rule.gradient
    }
    let reference = try Self.reference.get()
    let data = Self.dataset(reference)
    func trainer(_ definition: RuleDefinition) throws -> Trainer {
      let trainer = try Trainer(
        DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood,
        optimizer: Tower([try definition.rule()]), on: backend.device(), seed: 1)
      try trainer.setWeights(
        Self.trainer("sgd()", reference, on: .cpu).weights())
      return trainer
    }
    let own = try trainer(lars)
    let plain = try trainer(RuleDefinition("plain") { $0.parameter - 1 * $0.gradient })
    let before = try own.weights()
    for trainer in [own, plain] {
      try trainer.train(on: data, batchSize: 8, steps: 1, shuffled: false)
    }
    func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let (after, byGradient) = (try own.weights(), try plain.weights())
    for entry in before.entries {
      let start = entry.doubles()
      let gradient = zip(start, try #require(byGradient[entry.name]).doubles()).map(-)
      let expected = zip(start, gradient).map { $0 - 0.1 * norm(start) / norm(gradient) * $1 }
      assertClose(
        try #require(after[entry.name]).doubles(), expected,
        .absolute(backend.isDouble ? 1e-13 : 1e-5), "\(entry.name) on \(backend.name)")
    }
  }
}
