import Hypertower

/// The steps of one run, cut into pieces at whose ends something is shown or written.
struct TrainingRun {
  let trainer: Trainer
  let data: Dataset
  /// What the accuracy so far is measured on; nil: there is nothing to measure it on.
  let measure: Measure?
  let batchSize: Int
  let isShuffled: Bool
  let steps: Int
  let log: TrainingLog?
  let history: TrainingHistory?
  let display: (any ProgressDisplay)?
  let checkpoints: CheckpointWriter?
  /// What brings the run back when it diverges; nil: nothing does.
  let recovery: Recovery?

  /// How often a display that goes by time gets something new.
  private static let interval = 0.1

  /// The accuracy so far is shown ten times a run and after every epoch.
  private var evaluationInterval: Int {
    let tenth = max(1, steps / 10)
    return tenth < stepsPerEpoch ? tenth : stepsPerEpoch
  }

  private var stepsPerEpoch: Int { (data.count + batchSize - 1) / batchSize }

  /// After how many steps the run's state is kept, for whatever reason.
  private var keepingInterval: Int { checkpoints?.interval ?? stepsPerEpoch }

  /// A signal has ended the run before its end.
  struct Interrupted: Error {
    let signal: Int32
    let step: Int
  }

  /// Trains from where the trainer stands, and returns how long that took without evaluations and
  /// checkpoints.
  ///
  /// - Throws: `DivergenceError`; `Interrupted` after a checkpoint, if there are any.
  func run() throws -> Duration {
    defer { display?.finish() }
    var progress = Progress(step: trainer.stepCount, steps: steps, stepsPerEpoch: stepsPerEpoch)
    if let measure { progress.accuracyName = measure.name }
    try recovery?.keep(trainer)
    var meter = SpeedMeter()
    var duration = Duration.zero
    // The first piece is one step, which builds the kernels.
    var pace = 1
    while progress.step < steps {
      let start = ContinuousClock.now
      let count = pieceLength(after: progress.step, pace: pace)
      do {
        try train(count, &progress)
      } catch let error as DivergenceError {
        try recover(from: error)
        progress.step = trainer.stepCount
        continue
      }
      let elapsed = ContinuousClock.now - start
      duration += elapsed
      meter.add(steps: count, elapsed.seconds)
      pace = Self.pace(after: count, elapsed.seconds, previous: pace)
      progress.step = trainer.stepCount
      progress.stepsPerSecond = meter.stepsPerSecond
      if display != nil, let measure,
        progress.step % evaluationInterval == 0 || progress.step == steps
      {
        progress.accuracy = try trainer.accuracy(on: measure.data)
      }
      display?.show(progress)
      try keep(progress)
      progress.step = trainer.stepCount
      if let signal = Interruption.signal {
        throw Interrupted(signal: signal, step: progress.step)
      }
    }
    return duration
  }

  /// Keeps where the run stands, if that is due.
  private func keep(_ progress: Progress) throws {
    let isDue = progress.step % keepingInterval == 0 || progress.step == steps
    do {
      if isDue { try recovery?.keep(trainer) }
      if isDue || Interruption.signal != nil { try checkpoints?.save(trainer) }
    } catch let error as DivergenceError {
      try recover(from: error)
    }
  }

  private func recover(from error: DivergenceError) throws {
    guard let recovery else { throw error }
    try recovery.restore(trainer, after: error)
    try log?.rewind(to: trainer.stepCount)
    history?.rewind(to: trainer.stepCount)
  }

  /// Trains for one piece; its records go to the log and the history, the last of them to the display.
  private func train(_ count: Int, _ progress: inout Progress) throws {
    let isWatched = log != nil || history != nil || display != nil
    var last: StepRecord?
    try trainer.train(
      on: data, batchSize: batchSize, steps: count, shuffled: isShuffled,
      report: isWatched
        ? { records in
          try log?.append(records)
          history?.append(records)
          last = records.last
        } : nil)
    if let last {
      progress.loss = last.loss
      progress.hyperparameters = last.hyperparameters[0]
    }
  }

  private func pieceLength(after step: Int, pace: Int) -> Int {
    let toEnd = steps - step
    let toCheckpoint =
      checkpoints == nil && recovery == nil ? toEnd : keepingInterval - step % keepingInterval
    // A piece takes no longer than a user waits who has asked for the end.
    guard let display else { return min(pace, toCheckpoint, toEnd) }
    let toEvaluation = evaluationInterval - step % evaluationInterval
    return min(
      display.stepsUntilNext(after: step) ?? pace, pace, toEvaluation, toCheckpoint, toEnd)
  }

  /// The number of steps that take about as long as the display waits.
  private static func pace(after count: Int, _ seconds: Double, previous: Int) -> Int {
    let wanted = Double(count) * interval / max(seconds, 1e-9)
    return Int(min(max(wanted, 1), Double(4 * previous), 1024))
  }
}

/// How fast steps go, without the first piece, in which kernels are built.
private struct SpeedMeter {
  private var isWarm = false
  private var steps = 0.0
  private var seconds = 0.0

  mutating func add(steps count: Int, _ duration: Double) {
    if isWarm {
      // Earlier pieces count ever less, so that a change of speed shows.
      steps = 0.9 * steps + Double(count)
      seconds = 0.9 * seconds + duration
    }
    isWarm = true
  }

  var stepsPerSecond: Double? { seconds > 0 ? steps / seconds : nil }
}
