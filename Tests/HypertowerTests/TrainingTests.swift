import OpenCL
import Testing

@testable import Hypertower

/// What a training run promises, on every backend.
@Suite(.serialized) struct TrainingTests {
  /// 100 samples of 12 features that fall into 3 classes.
  static let data = Dataset(
    count: 100, featureCount: 12,
    features: .bytes((0..<1200).map { UInt8(truncatingIfNeeded: $0 * 89 ^ ($0 / 12) * 31) }),
    targets: .classes((0..<100).map { Int32($0 * $0 % 3) }, classCount: 3))

  static var network: DenseNetwork { DenseNetwork(widths: [12, 7, 3]) }

  private func trainer(
    _ tower: some Optimizer = Adam() / SGD(1e-4), on device: Device, seed: UInt64 = 1
  ) throws -> Trainer {
    try Trainer(
      Self.network, loss: .negativeLogLikelihood, optimizer: tower, on: device, seed: seed)
  }

  // MARK: Starting over

  /// Whatever a trainer did before, after a restart it trains as a new one does.
  @Test(arguments: TestBackend.native)
  func restartEqualsAFreshTrainer(backend: TestBackend) throws {
    let reused = try trainer(RMSProp() / SGD(1e-4), on: try backend.device())
    let state = ObjectIdentifier(reused.state)
    try reused.train(on: Self.data, batchSize: 30, steps: 7)
    try reused.restart(with: RMSProp(1e30) / SGD(1e30), seed: 2)
    try? reused.train(on: Self.data, batchSize: 30, steps: 7)
    // The same rules with other values keep what was compiled, others do not.
    let towers: [(Tower, keeps: Bool)] = [
      (RMSProp(0.02, gamma: 0.8) / SGD(1e-3), true), (RMSProp(0.02) / Adam(1e-3), false),
      (RMSProp(gamma: 0.9, tunesOnlyLearningRate: true) / SGD(1e-3), false),
      (RMSProp(gamma: 0.8, tunesOnlyLearningRate: true) / SGD(1e-3), false),
      // States that do not start at 0, and values for each tensor.
      (Adam(epsilon: 1e-3) / Adam(), false), (Adam(epsilon: 1e-2) / Adam(), true),
      (AdaGrad() / SGD(), false), (AdaGrad(0.1) / SGD(), true),
      (SGDPerParameter(0.1) / Adam(), false), (SGDPerParameter(0.2) / Adam(0.1), true),
    ]
    var previous = state
    for (number, (tower, keeps)) in towers.enumerated() {
      let seed = UInt64(number) << 32 + 5
      try reused.restart(with: tower, seed: seed)
      #expect((ObjectIdentifier(reused.state) == previous) == keeps, "\(tower)")
      previous = ObjectIdentifier(reused.state)
      let fresh = try trainer(tower, on: try backend.device(), seed: seed)
      var losses: [[Double]] = [[], []]
      for (number, trainer) in [reused, fresh].enumerated() {
        try trainer.train(on: Self.data, batchSize: 30, steps: 9) {
          losses[number] += $0.map(\.loss)
        }
        #expect(trainer.stepCount == 9)
      }
      #expect(losses[0] == losses[1], "\(tower)")
      #expect(try bits(reused) == bits(fresh), "\(tower)")
      #expect(try reused.tower.description == fresh.tower.description)
      #expect(try reused.accuracy(on: Self.data) == fresh.accuracy(on: Self.data))
    }
  }

  // MARK: The device works alone

  @Test func noStepMakesTheHostWait() throws {
    for device in try OpenCLDevice.all() {
      let backend = try OpenCLBackend(device)
      let trainer = try trainer(on: Device(name: "opencl", backend: backend))
      try trainer.train(on: Self.data, batchSize: 30, steps: 4)
      func blockingCalls(steps: Int) throws -> Int {
        let before = (backend.queue.blockingCalls, backend.queue.enqueuedKernels)
        try trainer.train(on: Self.data, batchSize: 30, steps: steps)
        #expect(backend.queue.enqueuedKernels > before.1)
        let blockingCalls = backend.queue.blockingCalls - before.0
        let counters = try backend.read(0..<TowerLayout.Counter.count, of: trainer.state.counters)
        #expect(counters.doubles[TowerLayout.Counter.step] == Double(trainer.stepCount))
        return blockingCalls
      }
      // The one that looks whether the run has diverged, at the end.
      #expect(try blockingCalls(steps: 1) == 1)
      #expect(try blockingCalls(steps: 100) == 1)

      let before = backend.queue.blockingCalls
      var reports = 0
      try trainer.train(on: Self.data, batchSize: 30, steps: 100, reportEvery: 10) { records in
        #expect(records.count == 10)
        reports += 1
      }
      #expect(reports == 10)
      #expect(backend.queue.blockingCalls - before == 2 * reports)
    }
  }

  @Test(arguments: TestBackend.native)
  func watchingChangesNothing(backend: TestBackend) throws {
    let alone = try trainer(on: backend.device())
    try alone.train(on: Self.data, batchSize: 30, steps: 23)

    let watched = try trainer(on: backend.device())
    try withTemporaryFolder { folder in
      for _ in 0..<23 {
        try watched.train(on: Self.data, batchSize: 30, steps: 1, reportEvery: 1) { _ in }
        _ = try watched.accuracy(on: Self.data)
        _ = try watched.tower
        try watched.save("\(folder)/weights.safetensors")
      }
    }
    #expect(try bits(alone) == bits(watched))
    #expect(try "\(alone.tower)" == "\(watched.tower)")
  }

  @Test(arguments: TestBackend.native)
  func runsRepeat(backend: TestBackend) throws {
    func run() throws -> ([[UInt64]], [UInt64]) {
      let trainer = try trainer(on: backend.device())
      var losses: [UInt64] = []
      try trainer.train(on: Self.data, batchSize: 30, steps: 30) { records in
        losses += records.map(\.loss.bitPattern)
      }
      return (try bits(trainer), losses)
    }
    let (first, second) = (try run(), try run())
    #expect(first == second)
    #expect(first.1.count == 30)
  }

  // MARK: Batches

  @Test func theLastBatchIsTrainedOn() throws {
    // Of 100 samples in batches of 33 the fourth holds one: only its step sees sample 99.
    var changed = Self.data
    guard case .bytes(var bytes) = changed.features else { return }
    for i in 1188..<1200 { bytes[i] ^= 0x55 }
    changed = Dataset(
      count: 100, featureCount: 12, features: .bytes(bytes), targets: changed.targets)
    func losses(_ data: Dataset) throws -> [Double] {
      let trainer = try trainer(on: .cpu)
      var losses: [Double] = []
      try trainer.train(on: data, batchSize: 33, shuffled: false) { losses += $0.map(\.loss) }
      return losses
    }
    let (original, other) = (try losses(Self.data), try losses(changed))
    #expect(original.count == 4)
    #expect(original[..<3] == other[..<3])
    #expect(original[3] != other[3])
  }

  @Test func batchSizesOutOfRangeAreRefused() throws {
    let trainer = try trainer(on: .cpu)
    for size in [0, -1, 101] {
      let error = #expect(throws: InputError.self) {
        try trainer.train(on: Self.data, batchSize: size)
      }
      #expect(error?.kind == .usage)
      #expect(error?.message.contains("\(size)") == true)
    }
    #expect(trainer.stepCount == 0)
  }

  @Test func seedsDecideTheOrder() throws {
    func losses(seed: UInt64, shuffled: Bool) throws -> [Double] {
      // Weights of one seed, order of another.
      let weights = try trainer(on: .cpu, seed: 1).weights()
      let trainer = try trainer(on: .cpu, seed: seed)
      try trainer.setWeights(weights)
      var losses: [Double] = []
      try trainer.train(on: Self.data, batchSize: 10, shuffled: shuffled) {
        losses += $0.map(\.loss)
      }
      return losses
    }
    #expect(try losses(seed: 1, shuffled: true) != losses(seed: 2, shuffled: true))
    #expect(try losses(seed: 1, shuffled: false) == losses(seed: 2, shuffled: false))
  }

  /// Labels that tell which samples a batch of one holds: the loss of a model without influence of
  /// its input is that of its target.
  @Test func everyEpochSeesEverySampleOnce() throws {
    let samples = 12
    let data = Dataset(
      count: samples, featureCount: 1, features: .floats([Float](repeating: 0, count: samples)),
      targets: .values((0..<samples).map { Float($0).squareRoot() }, width: 1))
    for backend in TestBackend.native {
      let trainer = try Trainer(
        Linear(1, 1), loss: .meanSquaredError, optimizer: SGD(0), on: backend.device())
      func samplesOfAnEpoch(batchSize: Int, shuffled: Bool = true) throws -> [Int] {
        var sums: [Int] = []
        try trainer.train(on: data, batchSize: batchSize, shuffled: shuffled) {
          sums += $0.map { Int(($0.loss * Double(batchSize)).rounded()) }
        }
        return sums
      }
      let first = try samplesOfAnEpoch(batchSize: 1)
      #expect(first.sorted() == Array(0..<samples) && first != first.sorted())
      // Half an epoch of another size, then whole ones again.
      try trainer.train(on: data, batchSize: 6, steps: 1)
      let second = try samplesOfAnEpoch(batchSize: 1)
      #expect(second.sorted() == Array(0..<samples) && second != first)
      #expect(try samplesOfAnEpoch(batchSize: 1, shuffled: false) == Array(0..<samples))
      #expect(try samplesOfAnEpoch(batchSize: 3).reduce(0, +) == samples * (samples - 1) / 2)
    }
  }

  // MARK: Other models and optimizers

  /// Nesterov momentum, as a user of the library writes it.
  struct Nesterov: Optimizer {
    static let definition = RuleDefinition("nesterov") { rule in
      let learningRate = rule.hyperparameter("alpha", default: 0.01)
      let momentum = rule.hyperparameter("momentum", default: 0.9, in: 0...1)
      let velocity = rule.state("b")
      let next = momentum * velocity + rule.gradient
      rule.update(velocity, to: next)
      return rule.parameter - learningRate * (rule.gradient + momentum * next)
    }
    let levels = [try! definition.rule()]
  }

  @Test func anOptimizerIsOneDefinition() throws {
    var learned: [[Double]] = []
    for backend in TestBackend.native {
      let trainer = try trainer(Nesterov() / Nesterov() / Adam(), on: backend.device())
      var losses: [Double] = []
      try trainer.train(on: Self.data, batchSize: 50, steps: 100) { losses += $0.map(\.loss) }
      #expect(losses[99] < losses[0])
      learned.append(
        try trainer.tower.levels.flatMap { $0.hyperparameters.map(\.value) })
      #expect(zip(learned.last!, [0.01, 0.9, 0.01, 0.9]).allSatisfy { $0 != $1 })
    }
    try expectAllNearFloat64(learned, 1e-3)
  }

  /// A rule whose derivative depends on the parameter itself.
  struct WeightDecay: Optimizer {
    let levels = [
      try! RuleDefinition("decay") { rule in
        let learningRate = rule.hyperparameter("alpha", default: 0.1)
        let decay = rule.hyperparameter("decay", default: 0.01)
        return rule.parameter - learningRate * (rule.gradient + decay * rule.parameter)
      }.rule()
    ]
  }

  @Test func rulesMayDependOnTheParameter() throws {
    var learned: [[Double]] = []
    for backend in TestBackend.native {
      let trainer = try trainer(WeightDecay() / SGD(0.01), on: backend.device())
      try trainer.train(on: Self.data, batchSize: 50, steps: 40)
      learned.append(try trainer.tower.levels[0].hyperparameters.map(\.value))
    }
    #expect(learned[0][1] != 0.01)
    try expectAllNearFloat64(learned, 1e-4)
  }

  /// What each native backend came to is what the one in float64 came to.
  private func expectAllNearFloat64(_ results: [[Double]], _ tolerance: Double) throws {
    let reference = results[try #require(TestBackend.native.firstIndex { $0.isDouble })]
    for (backend, values) in zip(TestBackend.native, results) {
      assertClose(values, reference, .relative(tolerance), backend.name)
    }
  }

  @Test func deepNetworksLearnARegression() throws {
    let inputs = (0..<400).map { Float($0 * 7 % 400) / 200 - 1 }
    let data = Dataset(
      count: 400, featureCount: 1, features: .floats(inputs),
      targets: .values(inputs.map { $0 * $0 }, width: 1))
    var learned: [[Double]] = []
    for backend in TestBackend.native {
      let trainer = try Trainer(
        DenseNetwork(
          widths: [1, 19, 17, 18, 1], activation: .relu, outputActivation: .identity,
          endsInLogSoftmax: false),
        loss: .meanSquaredError, optimizer: Adam(0.01) / SGD(1e-5), on: backend.device(), seed: 5)
      try trainer.train(on: data, batchSize: 64, steps: 300)
      #expect(try trainer.loss(on: data) < 0.001, "\(backend.name)")
      learned.append(try trainer.tower.levels[0].hyperparameters.map(\.value))
    }
    try expectAllNearFloat64(learned, 1e-3)
  }

  /// A model with an array of layers and a matrix that it uses twice, once transposed.
  struct Autoencoder: Module {
    var inner = [Linear(6, 6), Linear(6, 6)]
    var code = Linear(12, 6)
    func callAsFunction(_ x: Tensor) -> Tensor {
      let hidden = inner.reduce(code(x).tanh()) { $1($0).tanh() }
      return hidden.matmul(code.weight)
    }
  }

  @Test func parametersMayBeShared() throws {
    let values = (0..<600).map { Float(($0 * 37) % 100) / 100 }
    let data = Dataset(
      count: 50, featureCount: 12, features: .floats(values),
      targets: .values(values, width: 12))
    #expect(
      Autoencoder().parameters.map(\.name) == [
        "inner.0.weight", "inner.0.bias", "inner.1.weight", "inner.1.bias", "code.weight",
        "code.bias",
      ])
    var losses: [[Double]] = []
    for backend in TestBackend.native {
      let trainer = try Trainer(
        Autoencoder(), loss: .meanSquaredError, sampleShape: [12], optimizer: SGD(0.1) / SGD(),
        on: backend.device(), seed: 2)
      let before = try trainer.loss(on: data)
      try trainer.train(on: data, batchSize: 25, steps: 50)
      losses.append([try trainer.loss(on: data)])
      #expect(losses.last![0] < before / 2)
    }
    try expectAllNearFloat64(losses, 1e-5)
  }

  /// Two properties that hold one layer.
  struct Tied: Module {
    let first = Linear(12, 12)
    let second: Linear
    init() { second = first }
    func callAsFunction(_ x: Tensor) -> Tensor { second(first(x).tanh()) }
  }

  @Test func aLayerInTwoPropertiesIsOne() throws {
    let trainer = try Trainer(
      Tied(), loss: .crossEntropy, optimizer: SGD() / SGD(), on: .cpu)
    try trainer.train(on: Self.data, batchSize: 50, steps: 3)
    #expect(try trainer.weights().entries.map(\.name) == ["first.weight", "first.bias"])
  }

  /// The loss stands directly behind a product: no log-softmax between.
  @Test func labelsMeetAProductsOutputs() throws {
    var losses: [[Double]] = []
    for backend in TestBackend.native {
      let trainer = try Trainer(
        DenseNetwork(widths: [12, 3], outputActivation: .identity, endsInLogSoftmax: false),
        loss: .negativeLogLikelihood, optimizer: SGD() / SGD(), on: backend.device())
      try trainer.train(on: Self.data, batchSize: 50, steps: 3)
      losses.append([try trainer.loss(on: Self.data)])
    }
    try expectAllNearFloat64(losses, 1e-4)
  }

  @Test func everyTensorMayHaveItsOwnStepSize() throws {
    for backend in TestBackend.native {
      let trainer = try trainer(
        try Tower(parsing: "sgd_per_parameter(0.1) / sgd_per_parameter(0.01) / sgd(0.001)"),
        on: backend.device())
      var last: StepRecord?
      try trainer.train(on: Self.data, batchSize: 50, steps: 30) { last = $0.last }
      let record = try #require(last)
      #expect(
        record.hyperparameters[0].map(\.name) == ["w1_alpha", "b1_alpha", "w2_alpha", "b2_alpha"])
      #expect(Set(record.hyperparameters[0].map(\.value)).count == 4)
      #expect(record.hyperparameters[1].map(\.name).first == "w1_alpha_alpha")
      let text = "\(try trainer.tower)"
      #expect(try "\(Tower(parsing: text))" == text)
    }
  }

  @Test(arguments: TestBackend.native)
  func weightsComeBackFromAFile(backend: TestBackend) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/weights.safetensors"
      let first = try trainer(on: backend.device(), seed: 1)
      try first.train(on: Self.data, batchSize: 20, steps: 7)
      try first.save(path)
      let second = try trainer(on: backend.device(), seed: 2)
      #expect(try bits(first) != bits(second))
      try second.load(path)
      #expect(try bits(first) == bits(second))
      #expect(try first.accuracy(on: Self.data) == second.accuracy(on: Self.data))
    }
  }

  /// In the first step upper levels see a gradient of 0: their count and their means move on.
  @Test(arguments: TestBackend.native)
  func theFirstStepMovesNoHyperparameter(backend: TestBackend) throws {
    let trainer = try trainer(Adam() / RMSProp() / Adam(), on: backend.device())
    var records: [StepRecord] = []
    try trainer.train(on: Self.data, batchSize: 50, steps: 2) { records += $0 }
    let initial = try Tower(parsing: "adam() / rmsprop() / adam()").levels
    for (level, own) in zip(initial, records[0].hyperparameters) {
      for (hyperparameter, value) in zip(level.hyperparameters, own.map(\.value)) {
        #expect((value - hyperparameter.value).magnitude <= 1e-6 * hyperparameter.value)
      }
    }
    #expect(records[1].hyperparameters[0][0].value != records[0].hyperparameters[0][0].value)
  }
}
