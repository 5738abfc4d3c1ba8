import Hypertower

/// What the files of one run tell of it.
struct RunSummary {
  /// How far the run has come.
  enum State: String {
    case finished
    /// It came to numbers that are not finite.
    case diverged
    /// A signal ended it.
    case interrupted
    /// It goes on, or was cut off.
    case unfinished
  }

  /// Where its files are, the folder of its checkpoints first.
  var paths: [String] = []
  var model: String?
  var tower: String?
  /// The steps that are done.
  var steps: Int?
  var plannedSteps: Int?
  var stepsPerEpoch: Int?
  /// The loss of the last step, and the least loss of any.
  var lastLoss: Double?
  var leastLoss: Double?
  /// What the run was measured to be at its end, by the log's names.
  var result: [(key: String, value: Double)] = []
  /// The best measurement at a checkpoint, with its step.
  var best: (key: String, value: Double, step: Int)?
  var seconds: Double?
  private var loggedState: State?
  /// Whether the run has stopped early, by a checkpoint.
  private var isStopped = false
  /// The steps of the log that tells most.
  private var loggedSteps = -1

  /// Whether the run is at its end.
  var state: State {
    if let loggedState { return loggedState }
    let isDone = steps.flatMap { steps in plannedSteps.map { steps >= $0 } } ?? false
    return isDone || isStopped ? .finished : .unfinished
  }

  /// The epochs that are done; nil: it is not known how many steps they have.
  var epochs: Double? {
    guard let steps, let stepsPerEpoch, stepsPerEpoch > 0 else { return nil }
    return Double(steps) / Double(stepsPerEpoch)
  }

  /// What matters most of the result: the test rather than the validation, and of texts and values the loss.
  var headline: (key: String, value: Double)? {
    ["test", "validation"].lazy.compactMap { name in
      [name + "_loss", name + Measure.accuracyEnding].lazy.compactMap { key in
        result.first { $0.key == key }
      }.first
    }.first
  }

  // MARK: Its files

  /// Adds what a log tells.
  mutating func add(_ log: LogSummary, _ path: String) {
    paths.append(path)
    // Of copies of a log, the one that goes furthest counts.
    guard log.steps > loggedSteps || log.state != nil else { return }
    loggedSteps = log.steps
    tower = log.tower ?? tower
    steps = max(steps ?? 0, log.steps)
    (lastLoss, leastLoss) = (log.lastLoss, log.leastLoss)
    (result, seconds, loggedState) = (log.result, log.seconds, log.state)
  }

  /// Adds what the newest checkpoint of a folder tells.
  mutating func add(_ checkpoint: SafetensorsFile, source: String, folder: String) throws {
    let settings = try TrainingSettings(checkpoint, source: source)
    paths.insert(folder, at: 0)
    model =
      try NetworkDescription(checkpoint, source: source)?.choice.kind.rawValue
      ?? ModelKind.dense.rawValue
    tower = tower ?? checkpoint.metadata["tower"] ?? settings.optimizer
    plannedSteps = settings.steps
    isStopped = BestWeights.endsRun(checkpoint, patience: settings.patience)
    if let step = CheckpointFolder.step(of: source) { steps = max(steps ?? 0, step) }
    best = CheckpointWriter.best(in: checkpoint)
  }

  /// Adds what a settings file tells.
  mutating func add(_ settings: ResolvedSettings.Contents, _ path: String) {
    paths.append(path)
    model = model ?? settings["model"]
    tower = tower ?? settings["optimizer"]
    plannedSteps = settings["steps"].flatMap { Int($0) } ?? plannedSteps
    stepsPerEpoch = settings.stepsPerEpoch
  }
}
