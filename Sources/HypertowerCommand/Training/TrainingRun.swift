import Hypertower

/// The steps of one run, cut into pieces at whose ends something is shown or written.
struct TrainingRun {
  let trainer: Trainer
  let data: Dataset
  let testData: Dataset
  let batchSize: Int
  let isShuffled: Bool
  let steps: Int
  let log: TrainingLog?
  let history: TrainingHistory?
  let display: (any ProgressDisplay)?

  /// How often a display that goes by time gets something new.
  private static let interval = 0.1

  /// The accuracy so far is shown ten times a run and after every epoch.
  private var evaluationInterval: Int {
    let tenth = max(1, steps / 10)
    return tenth < stepsPerEpoch ? tenth : stepsPerEpoch
  }

  private var stepsPerEpoch: Int { (data.count + batchSize - 1) / batchSize }

  /// Trains, and returns how long that took without the evaluations for the display.
  func run() throws -> Duration {
    defer { display?.finish() }
    var progress = Progress(steps: steps, stepsPerEpoch: stepsPerEpoch)
    var meter = SpeedMeter()
    var duration = Duration.zero
    // The first piece is one step, which builds the kernels.
    var pace = 1
    while progress.step < steps {
      let start = ContinuousClock.now
      let count = pieceLength(after: progress.step, pace: pace)
      try train(count, &progress)
      let elapsed = ContinuousClock.now - start
      duration += elapsed
      meter.add(steps: count, elapsed.seconds)
      pace = Self.pace(after: count, elapsed.seconds, previous: pace)
      progress.step += count
      progress.stepsPerSecond = meter.stepsPerSecond
      if display != nil, progress.step % evaluationInterval == 0 || progress.step == steps {
        progress.accuracy = try trainer.accuracy(on: testData)
      }
      display?.show(progress)
    }
    return duration
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
    guard let display else { return toEnd }
    let toEvaluation = evaluationInterval - step % evaluationInterval
    return min(display.stepsUntilNext(after: step) ?? pace, toEvaluation, toEnd)
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
