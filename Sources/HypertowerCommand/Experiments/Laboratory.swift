import Datasets
import Hypertower
import InitialWeights

/// Where trials are run: one network, its data, one device, and one trainer that starts over for
/// each of them.
final class Laboratory {
  private let network: NetworkDescription.Network
  private let trainData: Dataset
  private let testData: Dataset
  /// The number of samples of a step.
  let batchSize: Int
  let isShuffled: Bool
  private let device: Device
  private var trainer: (trainer: Trainer, optimization: Optimization)?

  /// The most steps that are timed as one, and between two reports of progress.
  private static let pieceLength = 50
  /// About how long a piece lasts at most, so that an interruption does not wait for slow steps.
  private static let pieceMilliseconds = 1000.0

  /// - Parameters:
  ///   - trainData: what runs are trained on.
  ///   - testData: what they are measured on.
  ///   - isShuffled: whether the samples come in another order each epoch.
  /// - Throws: `Failure` if there are too few samples for a batch.
  init(
    _ network: NetworkDescription.Network, train trainData: Dataset, test testData: Dataset,
    batchSize: Int, isShuffled: Bool, on device: Device
  ) throws {
    guard batchSize > 0, batchSize <= trainData.count else {
      throw Failure(
        .usage,
        "--batch-size \(batchSize) is out of range: it must lie in 1...\(trainData.count)")
    }
    self.network = network
    self.trainData = trainData
    self.testData = testData
    self.batchSize = batchSize
    self.isShuffled = isShuffled
    self.device = device
  }

  /// For images, which are measured on the test files.
  ///
  /// - Parameters:
  ///   - choice: a classifier of images; default: the paper's dense network.
  ///   - isShuffled: whether the samples come in another order each epoch.
  /// - Throws: `InputError` or `Failure` if the data have no test files, or too few samples for a batch.
  convenience init(
    _ images: LabelledImages, _ choice: ModelChoice = ModelChoice(), batchSize: Int,
    isShuffled: Bool, on device: Device
  ) throws {
    guard let testData = images.test else {
      throw InputError(
        .missingInput,
        "experiments compare accuracies on test files, and these data have none: add them")
    }
    let description = NetworkDescription(choice: choice, input: TrainingData(images).input)
    try self.init(
      description.network(), train: images.train, test: testData, batchSize: batchSize,
      isShuffled: isShuffled, on: device)
  }

  /// For a text, whose last tenth runs are measured on.
  ///
  /// - Parameters:
  ///   - choice: a model of characters.
  ///   - isShuffled: whether windows come in another order each epoch; default: true.
  /// - Throws: `InputError` or `Failure` if the text is too short for a window or a batch.
  convenience init(
    _ text: CharacterText, _ choice: ModelChoice, batchSize: Int, isShuffled: Bool = true,
    on device: Device
  ) throws {
    let data = try TrainingData(text, length: choice.size(.length))
    try self.init(
      NetworkDescription(choice: choice, input: data.input).network(), train: data.train,
      test: data.measures[0].data, batchSize: batchSize, isShuffled: isShuffled, on: device)
  }

  var stepsPerEpoch: Int { (trainData.count + batchSize - 1) / batchSize }

  /// Checks that the network has all tensors that towers name, and that the device has the memory.
  ///
  /// - Throws: `InputError` or `Failure` before any time is spent.
  func check(_ optimizations: [Optimization]) throws {
    for optimization in optimizations {
      try MemoryCheck.check(
        network, optimization, train: trainData, test: [testData], batchSize: batchSize, on: device)
    }
  }

  /// Runs a trial with a tower; one that diverges has an outcome, too.
  ///
  /// - Parameter advance: is told of steps as they are done.
  /// - Throws: what the device reports.
  func run(_ trial: Trial, _ tower: Tower, advance: (Int) throws -> Void) throws -> TrialOutcome {
    let trainer = try trainer(
      Optimization(tower: tower, firstStep: trial.firstStep, average: trial.average),
      steps: trial.steps, seed: trial.seed)
    if trial.start == .reference { try trainer.setWeights(Self.referenceWeights()) }
    var curve = TrialOutcome.Curve()
    let milliseconds: Double?
    let evaluation: Evaluation
    do {
      milliseconds = try train(
        trainer, trial, advance,
        report: trial.keeps == .result ? nil : { curve.append($0, trial.keeps) })
      try trainer.checkFinite()
      evaluation = try trainer.finiteEvaluation(on: testData)
    } catch let error as DivergenceError {
      var outcome = TrialOutcome(try trainer.tower, steps: error.step)
      outcome.failure = error.description
      if trial.keeps != .result { outcome.curve = curve }
      return outcome
    }
    var outcome = TrialOutcome(try trainer.tower, steps: trial.steps)
    if trial.keeps != .result { outcome.curve = curve }
    outcome.millisecondsPerStep = milliseconds
    outcome.testAccuracyPercent = evaluation.accuracyPercent
    outcome.testLoss = evaluation.loss
    if trial.testsLastWeights, trial.average != nil {
      outcome.testAccuracyPercentOfLastWeights =
        try trainer.evaluateLastWeights(on: testData).accuracyPercent
    }
    return outcome
  }

  /// Takes a trial's steps.
  ///
  /// - Returns: milliseconds a step, the median of the pieces in which nothing has to be built; nil if
  ///   there were none.
  private func train(
    _ trainer: Trainer, _ trial: Trial, _ advance: (Int) throws -> Void,
    report: (([StepRecord]) throws -> Void)?
  ) throws -> Double? {
    var times: [Double] = []
    // Few, until it is known how long they take.
    var length = 10
    while trainer.stepCount < trial.steps {
      let piece = piece(after: trainer.stepCount, of: trial.steps, atMost: length)
      let start = ContinuousClock.now
      try trainer.train(
        on: trainData, batchSize: batchSize, steps: piece.steps, shuffled: isShuffled,
        report: report)
      if piece.isTimed {
        let milliseconds = (ContinuousClock.now - start).seconds * 1000 / Double(piece.steps)
        times.append(milliseconds)
        length = max(1, min(Self.pieceLength, Int(Self.pieceMilliseconds / milliseconds)))
      }
      try advance(piece.steps)
    }
    return times.isEmpty ? nil : times.median
  }

  /// The steps until something changes: kernels are built in the first step and, where the last batch
  /// of an epoch is smaller, at the end of the first epoch.
  private func piece(
    after step: Int, of steps: Int, atMost length: Int
  ) -> (steps: Int, isTimed: Bool) {
    let whole = trainData.count / batchSize
    let (end, isTimed) =
      step == 0
      ? (1, false)
      : step < whole ? (whole, true) : step < stepsPerEpoch ? (stepsPerEpoch, false) : (steps, true)
    return (min(end, steps, step + length) - step, isTimed)
  }

  private func trainer(
    _ optimization: Optimization, steps: Int, seed: UInt64
  ) throws -> Trainer {
    let steps = max(1, steps)
    if let (trainer, known) = trainer, known.firstStep == optimization.firstStep,
      known.average == optimization.average
    {
      try trainer.restart(with: optimization.tower, plannedSteps: steps, seed: seed)
      return trainer
    }
    trainer = nil
    let trainer = try network.trainer(optimization, plannedSteps: steps, on: device, seed: seed)
    self.trainer = (trainer, optimization)
    return trainer
  }

  /// What the runs of some seeds start from, the first of which stands for the reference weights.
  static func startText(seeds: Int) -> String {
    let reference = "`init-128-0x42.safetensors`"
    return seeds == 1
      ? "All runs start from the weights of \(reference)."
      : "The mean of \(seeds) seeds: the first stands for the weights of \(reference), the others "
        + "for freshly drawn ones."
  }

  private static func referenceWeights() throws -> SafetensorsFile {
    let file = initial_weights_128_0x42()
    return try SafetensorsFile(
      bytes: Array(UnsafeRawBufferPointer(start: file.bytes, count: file.size)),
      name: "init-128-0x42.safetensors")
  }
}

extension TrialOutcome.Curve {
  mutating func append(_ records: [StepRecord], _ detail: Trial.Detail) {
    losses += records.map(\.loss)
    guard detail == .course else { return }
    for record in records {
      for (name, value) in record.hyperparameters[0] {
        hyperparameters[name, default: []].append(value)
      }
    }
  }
}
