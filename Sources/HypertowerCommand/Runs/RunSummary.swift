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
  /// The best measurement at a checkpoint, with its step.
  var best: (key: String, value: Double, step: Int)?
  /// Whether the run has stopped early, by a checkpoint.
  private var isStopped = false
  /// The log that tells most.
  private var furthestLog: LogSummary?

  /// The log, unless a checkpoint is of a later step, as of a run that went on without it.
  private var log: LogSummary? {
    furthestLog.flatMap { $0.steps >= steps ?? 0 ? $0 : nil }
  }

  /// The loss of the last step.
  var lastLoss: Double? { log?.lastLoss }
  /// The least loss of any step.
  var leastLoss: Double? { log?.leastLoss }
  /// What the run was measured to be at its end, by the log's names.
  var result: [(key: String, value: Double)] { log?.result ?? [] }
  var seconds: Double? { log?.seconds }

  /// Whether the run is at its end; nil: nothing tells how far it has come.
  var state: State? {
    guard let steps else { return nil }
    if let state = log?.state { return state }
    let isDone = plannedSteps.map { steps >= $0 } ?? false
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
    let most = furthestLog?.steps ?? -1
    guard log.steps > most || log.steps == most && log.state != nil else { return }
    furthestLog = log
    tower = log.tower ?? tower
    steps = max(steps ?? 0, log.steps)
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
