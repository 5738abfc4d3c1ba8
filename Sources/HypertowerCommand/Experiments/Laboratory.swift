import Datasets
import Hypertower
import InitialWeights

/// Where trials are run: one network, one data set, one device, and one trainer that starts over for
/// each of them.
final class Laboratory {
  let images: LabelledImages
  private let testData: Dataset
  /// The number of samples of a step.
  let batchSize: Int
  let isShuffled: Bool
  private let hidden: [Int]
  private let device: Device
  private var trainer: (trainer: Trainer, optimization: Optimization)?

  /// The most steps that are timed as one, and between two reports of progress.
  private static let pieceLength = 50

  /// - Parameters:
  ///   - hidden: the widths of the hidden layers; default: the paper's.
  ///   - isShuffled: whether the samples come in another order each epoch.
  /// - Throws: `InputError` or `Failure` if the data have no test files, or too few samples for a batch.
  init(
    _ images: LabelledImages, hidden: [Int] = [128], batchSize: Int, isShuffled: Bool,
    on device: Device
  ) throws {
    guard batchSize > 0, batchSize <= images.train.count else {
      throw Failure(
        .usage,
        "--batch-size \(batchSize) is out of range: it must lie in 1...\(images.train.count)")
    }
    guard let testData = images.test else {
      throw InputError(
        .missingInput,
        "experiments compare accuracies on test files, and these data have none: add them")
    }
    self.images = images
    self.testData = testData
    self.hidden = hidden
    self.batchSize = batchSize
    self.isShuffled = isShuffled
    self.device = device
  }

  var stepsPerEpoch: Int { (images.train.count + batchSize - 1) / batchSize }

  /// Checks that the network has all tensors that towers name, and that the device has the memory.
  ///
  /// - Throws: `InputError` or `Failure` before any time is spent.
  func check(_ optimizations: [Optimization]) throws {
    for optimization in optimizations {
      try MemoryCheck.check(
        try description.network(), optimization, TrainingData(images), batchSize: batchSize,
        on: device)
    }
  }

  private var description: NetworkDescription {
    NetworkDescription(
      choice: ModelChoice(.dense, [.hidden: hidden]), input: TrainingData(images).input)
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
    if trial.average != nil {
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
    while trainer.stepCount < trial.steps {
      let piece = piece(after: trainer.stepCount, of: trial.steps)
      let start = ContinuousClock.now
      try trainer.train(
        on: images.train, batchSize: batchSize, steps: piece.steps, shuffled: isShuffled,
        report: report)
      if piece.isTimed {
        times.append((ContinuousClock.now - start).seconds * 1000 / Double(piece.steps))
      }
      try advance(piece.steps)
    }
    return times.isEmpty ? nil : times.median
  }

  /// The steps until something changes: kernels are built in the first step and, where the last batch
  /// of an epoch is smaller, at the end of the first epoch.
  private func piece(after step: Int, of steps: Int) -> (steps: Int, isTimed: Bool) {
    let whole = images.train.count / batchSize
    let (end, isTimed) =
      step == 0
      ? (1, false)
      : step < whole ? (whole, true) : step < stepsPerEpoch ? (stepsPerEpoch, false) : (steps, true)
    return (min(end, steps, step + Self.pieceLength) - step, isTimed)
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
    let trainer = try Trainer(
      try description.network().module, loss: .negativeLogLikelihood, optimizer: optimization.tower,
      firstStep: optimization.firstStep, average: optimization.average,
      plannedSteps: steps, on: device, seed: seed)
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
