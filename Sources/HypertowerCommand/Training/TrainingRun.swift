import Glibc
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
  /// What else follows the run.
  let watchers: [any RunWatcher]
  /// What brings the run back when it diverges; nil: nothing does.
  let recovery: Recovery?
  let faults: OutputFaults

  /// How long a piece takes: no longer than a user waits who has asked for the end, and often enough for
  /// a display.
  private static let pieceSeconds = 0.1

  /// Whether a watcher has ended the run before its last step.
  var isStopped: Bool { watchers.contains(where: \.endsRun) }

  private var stepsPerEpoch: Int { (data.count + batchSize - 1) / batchSize }

  /// A signal has ended the run before its end.
  struct Interrupted: Error {
    let signal: Int32
    let step: Int

    /// The last line of the run's log.
    var logLine: [(key: String, value: JSONText)] {
      let names = [SIGINT: "SIGINT", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"]
      return [("interrupted", .string(names[signal] ?? "\(signal)")), ("steps", .integer(step))]
    }
  }

  /// Trains from where the trainer stands, and returns how long that took without evaluations and
  /// checkpoints.
  ///
  /// A log or a checkpoint that cannot be written does not end the run.
  ///
  /// - Throws: `DivergenceError`; `Interrupted` after a checkpoint, if there are any.
  func run() throws -> Duration {
    do {
      return try takeSteps()
    } catch let error as DivergenceError {
      // Other ranks may not know yet, and wait for the next step.
      if trainer.stepCount < steps { try trainer.endAllRanks(.finished) }
      throw error
    }
  }

  private func takeSteps() throws -> Duration {
    defer { display?.finish() }
    var progress = Progress(step: trainer.stepCount, steps: steps, stepsPerEpoch: stepsPerEpoch)
    if let measure { progress.accuracyName = measure.name }
    try recovery?.keep(trainer)
    var meter = SpeedMeter()
    var duration = Duration.zero
    var evaluation = EvaluationPace(steps: steps, stepsPerEpoch: stepsPerEpoch)
    // The first piece is one step, which builds the kernels.
    var pace = 1
    var last: StepRecord?
    while progress.step < steps, !isStopped, trainer.ending == nil {
      let start = ContinuousClock.now
      let toCheckpoint = checkpoints?.stepsUntilDue(
        after: progress.step, stepsPerEpoch: stepsPerEpoch)
      let toKeep = recovery.map { recovery in
        let interval = recovery.interval ?? stepsPerEpoch
        return interval - progress.step % interval
      }
      let toEvaluation = display.flatMap { _ in evaluation.stepsUntilDue(after: progress.step) }
      let toWatchers = watchers.map { $0.stepsUntilDue(after: progress.step) }
      let first = progress.step
      var count = ([pace, steps - progress.step, toCheckpoint, toKeep, toEvaluation] + toWatchers)
        .compactMap { $0 }.min()!
      do {
        last = try train(count, &progress) ?? last
        // What another rank has found in the state that all have.
        if trainer.ending == .diverged { try trainer.checkFinite() }
        // Fewer, where another rank asked for the end.
        count = trainer.stepCount - first
      } catch let error as DivergenceError {
        try recover(from: error)
        progress.step = trainer.stepCount
        continue
      }
      let elapsed = ContinuousClock.now - start
      duration += elapsed
      meter.add(steps: count, elapsed.seconds)
      pace = Self.pace(after: max(1, count), elapsed.seconds, previous: pace)
      progress.step = trainer.stepCount
      progress.stepsPerSecond = meter.stepsPerSecond
      for (watcher, due) in zip(watchers, toWatchers) where count == due {
        try attempt(watcher) {
          try watcher.look(at: trainer, isLast: progress.step == steps || isStopped)
        }
      }
      let isAtEnd = progress.step == steps || isStopped
      for (watcher, due) in zip(watchers, toWatchers) where isAtEnd && count != due {
        try attempt(watcher) { try watcher.look(at: trainer, isLast: true) }
      }
      if display != nil, let measure, count == toEvaluation || isAtEnd {
        progress.accuracy = try evaluation.measure {
          try measure.evaluation(of: trainer)
        }.accuracyPercent
      }
      progress.isStopped = isStopped
      display?.show(progress, at: .now)
      try keep(
        state: count == toKeep || isAtEnd, checkpoint: count == toCheckpoint || isAtEnd, last)
      progress.step = trainer.stepCount
      // A run that is done is not interrupted.
      if progress.step < steps, !isStopped {
        if Interruption.signal != nil { try trainer.endAllRanks(.interrupted) }
        if trainer.ending == .diverged {
          // Another rank goes back at this very step; the signal ends the run after the next one.
          do { try trainer.checkFinite() } catch let error as DivergenceError {
            try recover(from: error)
          }
          progress.step = trainer.stepCount
        } else if let signal = interruptingSignal {
          throw Interrupted(signal: signal, step: progress.step)
        }
      }
    }
    if progress.step < steps { try trainer.endAllRanks(.finished) }
    return duration
  }

  /// The signal that ends the run, be it another rank's; nil: none does.
  private var interruptingSignal: Int32? {
    Interruption.signal ?? (trainer.ending == .interrupted ? SIGTERM : nil)
  }

  /// Keeps where the run stands.
  ///
  /// - Parameters:
  ///   - state: whether the state to go back to is due.
  ///   - checkpoint: whether a checkpoint is due; signals ask for one, too.
  ///   - last: the last step.
  private func keep(state: Bool, checkpoint: Bool, _ last: StepRecord?) throws {
    let isRequested = Interruption.takeCheckpointRequest()
    if isRequested && checkpoints == nil {
      Console.warn("SIGUSR1 asks for a checkpoint, but there is no --checkpoint folder for it")
    }
    do {
      if state { try recovery?.keep(trainer) }
      if checkpoint || isRequested || interruptingSignal != nil {
        try faults.attempt("checkpoint", orElse: "the run goes on without this checkpoint") {
          try checkpoints?.save(trainer, last: last, watchers.map(\.checkpointMetadata))
        }
      }
    } catch let error as DivergenceError {
      try recover(from: error)
    }
  }

  private func recover(from error: DivergenceError) throws {
    guard let recovery else { throw error }
    // Other ranks may not know yet, and wait for the next step: all go back from here.
    try trainer.endAllRanks(.diverged)
    try recovery.restore(trainer, after: error)
    try attemptLog { try log?.rewind(to: trainer.stepCount) }
    history?.rewind(to: trainer.stepCount)
    for watcher in watchers {
      try attempt(watcher) { try watcher.rewind(to: trainer.stepCount) }
    }
  }

  private func attempt(_ watcher: any RunWatcher, _ body: () throws -> Void) throws {
    try faults.attempt(
      watcher.output, orElse: "the run goes on without its \(watcher.output)", body)
  }

  private func attemptLog(_ body: () throws -> Void) throws {
    try faults.attempt("log", orElse: "the run goes on without its log", body)
  }

  /// Trains for one piece; its records go to the log and the history, the last of them to the display.
  ///
  /// - Returns: the last record; nil if nobody wants it.
  private func train(_ count: Int, _ progress: inout Progress) throws -> StepRecord? {
    let isWatched =
      log != nil || history != nil || display != nil || checkpoints != nil || !watchers.isEmpty
    var last: StepRecord?
    try trainer.train(
      on: data, batchSize: batchSize, steps: count, shuffled: isShuffled,
      report: isWatched
        ? { records in
          try attemptLog { try log?.append(records) }
          history?.append(records)
          for watcher in watchers { try attempt(watcher) { try watcher.append(records) } }
          last = records.last
        } : nil)
    if let last {
      progress.loss = last.loss
      progress.hyperparameters = last.hyperparameters[0]
    }
    return last
  }

  /// The number of steps that take about as long as a piece should.
  private static func pace(after count: Int, _ seconds: Double, previous: Int) -> Int {
    let wanted = Double(count) * pieceSeconds / max(seconds, 1e-9)
    return Int(min(max(wanted, 1), Double(4 * previous), 1024))
  }
}

/// When the accuracy so far is measured: about ten times a run or after every epoch, but neither so often
/// that one cannot follow nor so often that it takes over.
private struct EvaluationPace {
  private let interval: Int
  private var last = ContinuousClock.now
  private var pause = leastPause

  private static let leastPause = Duration.seconds(1)

  init(steps: Int, stepsPerEpoch: Int) {
    interval = max(1, min(steps / 10, stepsPerEpoch))
  }

  /// The number of steps from `step` to the next evaluation; nil if it is too early for one.
  func stepsUntilDue(after step: Int) -> Int? {
    ContinuousClock.now - last >= pause ? interval - step % interval : nil
  }

  mutating func measure(_ evaluate: () throws -> Evaluation) rethrows -> Evaluation {
    let start = ContinuousClock.now
    defer {
      last = ContinuousClock.now
      pause = Swift.max(Self.leastPause, (last - start) * 10)
    }
    return try evaluate()
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
