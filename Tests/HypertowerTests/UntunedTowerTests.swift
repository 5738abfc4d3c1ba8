import Datasets
import FoundationEssentials
import Testing

@testable import Hypertower

/// The tower that needs no tuning, with the limit of the first step and the average of the weights.
@Suite struct UntunedTowerTests {
  // MARK: On MNIST

  struct Trajectory: Decodable {
    struct Run: Decodable {
      let loss: [Double]
      let alpha: [Double]
      let cbar: [Double]
      let n: [Double]
      let testAccuracyPercentOfWeights: Double
      let testAccuracyPercentOfAverage: Double
    }
    let notation: String
    let firstStep: Double
    let steps: Int
    let batch: Int
    let float32: Run
    let float64: Run
  }

  private static func trainer(
    _ notation: String, firstStep: Double? = 1e-3, average: WeightAverage? = .polynomial,
    seed: UInt64 = 0, on device: Device
  ) throws -> Trainer {
    try Trainer(
      DenseNetwork(widths: [784, 128, 10]), loss: .negativeLogLikelihood,
      optimizer: try Tower(parsing: notation), firstStep: firstStep, average: average, on: device,
      seed: seed)
  }

  /// Reference trajectories from NumPy in float32 and float64. Rounding grows: in float32 the first 50
  /// steps are compared.
  @Test(
    arguments: ["kesten-adam-1e-08", "kesten-adam-1e-06", "kesten-adam-1000"], TestBackend.native)
  func followsTheReference(name: String, backend: TestBackend) throws {
    let trajectory: Trajectory = try ReferenceFile.decode("HypertowerTests/Golden/\(name).json")
    let reference = backend.isDouble ? trajectory.float64 : trajectory.float32
    let tolerance = backend.isDouble ? 1e-11 : 1e-4
    let compared = backend.isDouble ? trajectory.steps : 50

    func train(average: WeightAverage?) throws -> Trainer {
      let trainer = try Self.trainer(
        trajectory.notation, firstStep: trajectory.firstStep, average: average,
        on: backend.device())
      try trainer.load(GoldenTests.initialWeights)
      var records: [StepRecord] = []
      try trainer.train(
        on: try GoldenTests.mnist.get().train, batchSize: trajectory.batch, shuffled: false
      ) { records += $0 }
      #expect(records.count == trajectory.steps)
      for record in records.prefix(compared) {
        assertClose(
          record.loss, reference.loss[record.step], .absolute(tolerance),
          "loss of step \(record.step) on \(backend.name)")
        let alpha = try #require(record.hyperparameters[0].first).value
        assertClose(
          alpha, reference.alpha[record.step], .relative(tolerance),
          "α of step \(record.step) on \(backend.name)")
      }
      return trainer
    }
    let trainer = try train(average: .polynomial)
    let test = try #require(try GoldenTests.mnist.get().test)
    #expect(
      (try trainer.accuracy(on: test) - reference.testAccuracyPercentOfAverage).magnitude <= 0.05)
    if backend.isDouble {
      let (state, level) = (trainer.state, trainer.state.layout.levels[1])
      let values = try state.backend.read(0..<state.values.count, of: state.values).doubles
      assertClose(values[level.states], try #require(reference.cbar.last), .relative(1e-8), "c̄")
      #expect(values[level.states + 1] == reference.n.last)
      let plain = try train(average: nil)
      #expect(
        (try plain.accuracy(on: test) - reference.testAccuracyPercentOfWeights).magnitude <= 0.05)
    }
  }

  /// From starts twelve decades apart, with initial weights of its own.
  @Test(arguments: ["kesten", "drift"], [1e-8, 1e4])
  func everyStartWillDo(upper: String, start: Double) throws {
    for test in TestBackend.openCL {
      let trainer = try Self.trainer("adam(\(start)) / \(upper)()", seed: 11, on: test.device())
      let mnist = try GoldenTests.mnist.get()
      try trainer.train(on: mnist.train, batchSize: 300)
      #expect(try trainer.accuracy(on: try #require(mnist.test)) > 94.0)
    }
  }

  // MARK: On a small network

  private static let data: Dataset = {
    var random = SeededRandom(91)
    return Dataset(
      count: 24, featureCount: 6, features: .floats(random.floats(24 * 6, in: -1...1)),
      targets: .classes(
        (0..<24).map { _ in Int32.random(in: 0..<3, using: &random) }, classCount: 3))
  }()

  private static func small(
    _ notation: String, firstStep: Double? = nil, average: WeightAverage? = nil,
    on device: Device
  ) throws -> Trainer {
    try Trainer(
      DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood,
      optimizer: try Tower(parsing: notation), firstStep: firstStep, average: average, on: device,
      seed: 5)
  }

  private func weights(_ trainer: Trainer) throws -> [Double] {
    try trainer.weights().entries.flatMap { $0.doubles() }
  }

  private func step(_ trainer: Trainer, count: Int = 1) throws {
    try trainer.train(on: Self.data, batchSize: 8, steps: count, shuffled: false)
  }

  /// What a step promises to first order is ⟨g, p − p′⟩: at most a share of the loss.
  @Test(
    arguments: [
      "sgd(1e3)", "sgd(5, momentum=0.9)", "adam(1e6)", "adam(2) / adam()", "rmsprop(1e8)",
      "adagrad(30) / sgd(0.1)", "sgd_per_parameter(9, w1_alpha=2e30) / kesten()",
      "adam(1e20) / kesten(per_tensor=true)", "sgd(100) / sgd(0.1) / kesten()", "adam(2) / drift()",
    ], TestBackend.native)
  func theFirstStepIsLimited(notation: String, backend: TestBackend) throws {
    let device = try backend.device()
    let trainer = try Self.small(notation, firstStep: 1e-3, on: device)
    let before = try weights(trainer)
    var loss = 0.0
    try trainer.train(on: Self.data, batchSize: 8, steps: 1, shuffled: false) { loss = $0[0].loss }
    let after = try weights(trainer)
    let state = trainer.state
    // In the order of `weights`, transposed as they are stored.
    let stored = try state.backend.read(0..<state.gradients[0].count, of: state.gradients[0])
    let gradient = zip(state.parameters, state.layout.parameters.entries).flatMap { own, entry in
      let part = HostArray.float64(
        Array(stored.doubles[entry.offset..<entry.offset + entry.count]))
      return
        (own.isTransposed
        ? part.transposed(rows: own.shape[1], columns: own.shape[0]) : part).doubles
    }
    let promise = zip(gradient, zip(before, after)).reduce(0) { $0 + $1.0 * ($1.1.0 - $1.1.1) }
    assertClose(
      promise, 1e-3 * loss, .relative(backend.isDouble ? 1e-9 : 2e-2),
      "\(notation) on \(device.name)")
  }

  /// A step that promises less is what it is without a limit, bit by bit.
  @Test(arguments: ["sgd(1e-4)", "adam(1e-6) / kesten()", "rmsprop(1e-8) / rmsprop()", "sgd(-0.5)"])
  func aSmallFirstStepStays(notation: String) throws {
    for test in TestBackend.native {
      let trainers = try [nil, 1e-3].map {
        try Self.small(notation, firstStep: $0, on: test.device())
      }
      for trainer in trainers { try step(trainer, count: 5) }
      #expect(try weights(trainers[0]) == weights(trainers[1]), "\(notation) on \(test.name)")
    }
  }

  /// The average by hand, from the weights of a run without one.
  @Test(arguments: [WeightAverage.polynomial, .exponential(decay: 0.9)], TestBackend.native)
  func averages(average: WeightAverage, backend: TestBackend) throws {
    for notation in ["sgd(0.5)", "adam(0.05) / sgd_per_parameter(0.01)"] {
      let plain = try Self.small(notation, on: backend.device())
      let trainer = try Self.small(notation, average: average, on: backend.device())
      #expect(try weights(trainer) == weights(plain))
      var expected: [Double] = []
      for t in 1...6 {
        try step(plain)
        try step(trainer)
        let factor =
          switch average {
          case .polynomial: 9 / (Double(t) + 8)
          case .exponential(let decay): t == 1 ? 1 : 1 - decay
          }
        let now = try weights(plain)
        expected = t == 1 ? now : zip(expected, now).map { $0 + factor * ($1 - $0) }
        assertClose(
          try weights(trainer), expected, .relativeFromOne(backend.isDouble ? 1e-14 : 1e-6),
          "\(notation), step \(t), on \(backend.name)")
      }
      // Evaluation and saving see the average.
      let other = try Self.small(notation, on: backend.device())
      try other.setWeights(trainer.weights())
      #expect(try other.loss(on: Self.data) == trainer.loss(on: Self.data))
    }
  }

  /// A run that goes on from a checkpoint, after a restart too, is the run that was not interrupted.
  @Test(arguments: TestBackend.native)
  func checkpointsHoldWeightsAndAverage(backend: TestBackend) throws {
    for (notation, firstStep, average) in [
      ("adam(1e3) / kesten()", 1e-3, WeightAverage.polynomial),
      ("rmsprop(0.1)", 1e-3, .exponential(decay: 0.5)), ("adam() / kesten() / sgd(0.1)", nil, nil),
    ] as [(String, Double?, WeightAverage?)] {
      func trainer() throws -> Trainer {
        try Self.small(notation, firstStep: firstStep, average: average, on: backend.device())
      }
      func bits(_ trainer: Trainer) throws -> [UInt64] {
        try trainer.checkpoint().entries.flatMap { $0.doubles().map(\.bitPattern) }
      }
      for steps in [0, 1, 4] {
        let (whole, first, second) = (try trainer(), try trainer(), try trainer())
        try step(whole, count: 9)
        try step(first, count: steps)
        try step(second, count: 2)
        let file = try SafetensorsFile(bytes: first.checkpoint().serialized(), name: "checkpoint")
        try second.resume(from: file, on: Self.data)
        #expect(try bits(second) == bits(first))
        try step(second, count: 9 - steps)
        #expect(try bits(second) == bits(whole), "\(notation), after \(steps), on \(backend.name)")
      }
      let restarted = try trainer()
      try step(restarted, count: 3)
      try restarted.restart(with: try Tower(parsing: notation), seed: 5)
      let fresh = try trainer()
      for trainer in [restarted, fresh] { try step(trainer, count: 4) }
      #expect(try weights(restarted) == weights(fresh))
    }
  }

  /// Checkpoints that hold what derivatives are computed from, as those of earlier versions, go on bit by
  /// bit; storing the derivatives changes no bit.
  @Test(
    arguments: ["adam_alpha() / adam()", "adagrad(0.1) / sgd(0.1)", "adam() / kesten()"],
    TestBackend.native)
  func storedDerivativesAreTheSame(notation: String, backend: TestBackend) throws {
    func bits(_ trainer: Trainer) throws -> [UInt64] {
      let state = trainer.state
      let values = try state.backend.read(0..<state.layout.hyperparameterCount, of: state.values)
      return try (weights(trainer) + values.doubles).map(\.bitPattern)
    }
    let (storing, recomputing) = (
      try Self.small(notation, on: backend.device()), try Self.small(notation, on: backend.device())
    )
    var options = recomputing.state.options
    options.recomputesDerivatives = true
    try recomputing.adopt(
      TrainingState(
        recomputing.state.contents, tower: try Tower(parsing: notation), options: options,
        seed: 5, on: recomputing.device.backend))
    #expect(storing.state.derivatives != nil && recomputing.state.derivatives == nil)
    for trainer in [storing, recomputing] { try step(trainer, count: 5) }
    #expect(try bits(storing) == bits(recomputing))

    let resumed = try Self.small(notation, on: backend.device())
    try step(resumed, count: 1)
    try resumed.resume(from: recomputing.checkpoint(), on: Self.data)
    for trainer in [storing, resumed] { try step(trainer, count: 4) }
    #expect(try bits(storing) == bits(resumed))
  }

  @Test func aCheckpointOfOtherSettingsIsRefused() throws {
    let file = try Self.small("sgd()", average: .polynomial, on: .cpu).checkpoint()
    for (firstStep, average, part) in [
      (nil, nil, "average polynomial, and this trainer has none"),
      (nil, .exponential(decay: 0.9), "average polynomial, and this trainer has ema(0.9)"),
      (0.5, .polynomial, "first_step none, and this trainer has 0.5"),
    ] as [(Double?, WeightAverage?, String)] {
      let other = try Self.small("sgd()", firstStep: firstStep, average: average, on: .cpu)
      let before = try weights(other)
      let error = #expect(throws: InputError.self) { try other.resume(from: file, on: Self.data) }
      #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
      #expect(try weights(other) == before)
    }
  }

  /// A run whose step size is multiplied by the API, which limits the next step and begins the tuning anew,
  /// or whose batches change, ends near the one that was left alone.
  @Test(arguments: [1e4, 1e-4])
  func changedRunsRecover(factor: Double) throws {
    let mnist = try GoldenTests.mnist.get()
    for test in TestBackend.openCL {
      func loss(_ disturb: (Trainer) throws -> Int) throws -> Double {
        let trainer = try Self.trainer("adam() / kesten()", on: test.device())
        try trainer.train(on: mnist.train, batchSize: 300, steps: 100)
        let batchSize = try disturb(trainer)
        try trainer.train(on: mnist.train, batchSize: batchSize, steps: 300)
        return try trainer.loss(on: mnist.train)
      }
      let undisturbed = try loss { _ in 300 }
      let scaled = try loss {
        try $0.scaleLearningRate(by: factor)
        return 300
      }
      #expect(scaled < 1.05 * undisturbed, "\(scaled), undisturbed \(undisturbed)")
      if factor > 1 {
        let smaller = try loss { _ in 100 }
        #expect(smaller < 1.05 * undisturbed, "\(smaller), undisturbed \(undisturbed)")
      }
    }
  }

  /// A step size that falls below what float32 holds can rise again.
  @Test(arguments: TestBackend.native)
  func noStepSizeVanishes(backend: TestBackend) throws {
    let trainer = try Self.small("sgd(1e-30) / kesten()", firstStep: 1e-44, on: backend.device())
    try step(trainer)
    // It moves by factors: adding would bring it near 1.
    for _ in 0..<6 {
      let alpha = try trainer.tower.levels[0].hyperparameters[0].value
      #expect(alpha > 0 && alpha < 1e-33, "\(alpha) on \(backend.name)")
      try step(trainer)
    }
  }

  /// The same formula for all tensors and for each, at two levels and one after the other.
  @Test(arguments: TestBackend.native)
  func granularityCounts(backend: TestBackend) throws {
    func alphas(_ trainer: Trainer) throws -> [Double] {
      try step(trainer, count: 8)
      let state = trainer.state
      return try state.backend.read(0..<state.layout.hyperparameterCount, of: state.values).doubles
    }
    for notation in [
      "sgd(0.1) / adam() / sgd(0.01) / kesten(per_tensor=true)",
      "sgd(0.1) / sgd_per_parameter(0.1)",
      "adam(0.01) / adam(beta1_alpha=0.05)", "adam(w1_alpha=0.1) / adam()",
    ] {
      let expected = try alphas(Self.small(notation, on: .cpu64))
      assertClose(
        try alphas(Self.small(notation, on: backend.device())), expected, .relativeFromOne(1e-3),
        "\(notation) on \(backend.name)")
    }
    let pair = ["adam(0.05)", "adam(0.05, w1_alpha=0.001)"]
    for (first, second) in [(pair[0], pair[1]), (pair[1], pair[0])] {
      let trainer = try Self.small(first, on: backend.device())
      try step(trainer, count: 2)
      try trainer.restart(with: try Tower(parsing: second), seed: 5)
      let fresh = try Self.small(second, on: backend.device())
      for trainer in [trainer, fresh] { try step(trainer, count: 3) }
      #expect(try weights(trainer) == weights(fresh))
    }
  }

  /// Levels that were taken out of one tower are those of another there.
  @Test func levelsMayMove() throws {
    let trainer = try Self.small("rmsprop(0.04) / kesten()", on: .cpu64)
    let levels = try trainer.tower.levels
    func values(_ tower: Tower) throws -> [Double] {
      let trainer = try Trainer(
        DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood, optimizer: tower,
        on: .cpu64, seed: 5)
      try step(trainer, count: 5)
      let state = trainer.state
      return try state.backend.read(0..<state.layout.hyperparameterCount, of: state.values).doubles
    }
    #expect(
      try values(Tower([SGD(0.1).levels[0], levels[1]])) == values(SGD(0.1) / Kesten()))
    #expect(
      try values(Tower([levels[0], Adam().levels[0]])) == values(RMSProp(0.04) / Adam()))
  }

  // MARK: As text

  @Test func text() throws {
    let device = Device.cpu64
    let perTensor = try Self.small("adam(0.01) / kesten(per_tensor=true)", on: device)
    try step(perTensor, count: 4)
    let text = try perTensor.tower.description
    #expect(text.contains("w1_alpha=") && text.hasSuffix("/ kesten(1, per_tensor=true)"), "\(text)")
    #expect(try Self.small(text, on: device).tower.description == text)
    #expect(
      try Self.small("adam(0.01, beta1=0.8) / kesten()", on: device).tower.description
        == "adam(0.01, beta1=0.8) / kesten(1)")
    for text in ["adam(w1_alpha=0.001) / adam()", "sgd(w1_alpha=0.01) / kesten()"] {
      let trainer = try Self.small(text, on: device)
      let printed = try trainer.tower.description
      let again = try Self.small(printed, on: device)
      #expect(
        again.state.layout.hyperparameterCount == trainer.state.layout.hyperparameterCount,
        "\(printed)")
    }
    // What is not tuned may be anything that the formula takes.
    _ = try Tower(parsing: "adam(0.01, beta1=0) / kesten()")
  }

  @Test(
    arguments: [
      ("kesten()", 1, "tunes step sizes, so it needs a level below"),
      ("sgd(0) / kesten()", 5, "alpha = 0 cannot be tuned by kesten, which multiplies it"),
      ("sgd_per_parameter(0.1, w1_alpha=0) / kesten()", 24, "w1_alpha = 0 cannot be tuned"),
      ("adam() / kesten(per_tensor=1)", 17, "per_tensor must be true or false"),
      ("adam() / kesten(per_tensor=yes)", 17, "per_tensor must be true or false"),
      ("adam() / kesten(true)", 21, "expected"),
    ])
  func faults(text: String, column: Int, message: String) {
    let error = #expect(throws: InputError.self) { try Tower(parsing: text) }
    #expect(error?.message.contains("column \(column): ") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  /// A rule without a step size is not one to tune.
  @Test func rulesWithoutAStepSize() throws {
    let fixed = RuleDefinition("fixed") { rule in
      rule.parameter - rule.hyperparameter("rate", default: 0.1) * rule.gradient
    }
    let error = #expect(throws: InputError.self) {
      try Tower(parsing: "fixed() / kesten()", rules: RuleDefinition.standard + [fixed])
    }
    #expect(error?.message.contains("fixed below it marks none") == true)
    #expect(throws: InputError.self) {
      try Trainer(
        DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood,
        optimizer: Tower([try fixed.rule()]), firstStep: 1e-3, on: .cpu)
    }
  }
}
