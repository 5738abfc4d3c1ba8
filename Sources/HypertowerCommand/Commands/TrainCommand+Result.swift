import Hypertower

/// The end of a run.
extension TrainCommand {
  typealias MeasuredResult = (measure: Measure, evaluation: Evaluation)

  /// Runs to the end and tests; what ends the run earlier is told in its log, too.
  ///
  /// - Parameter over: is called when no step follows.
  func result(
    of run: TrainingRun, _ pictures: RunPictures?, _ measures: [Measure],
    _ description: WeightsDescription,
    _ outputs: OutputPlan.Reserved, whenOver over: () -> Void
  ) throws -> (seconds: Double, results: [MeasuredResult]) {
    do {
      let duration = try run.run()
      over()
      try run.trainer.checkFinite()
      let results = try measures.map { measure -> MeasuredResult in
        (
          measure,
          try run.trainer.finiteEvaluation(on: measure.data, metrics: measure.metrics)
        )
      }
      return (duration.seconds, results)
    } catch let error as DivergenceError {
      over()
      try run.faults.attempt {
        try run.log?.finish([
          ("error", .string(error.description)), ("steps", .integer(error.step)),
        ])
      }
      try pictures?.draw([("ended by", error.description)], trainer: nil, run.faults)
      run.faults.tell()
      let last = try run.checkpoints.flatMap { try $0.folder.steps().first }
      throw Failure(
        .diverged,
        error.description
          + (last.map { "; the last good checkpoint is of step \($0)" } ?? ""))
    } catch let interruption as TrainingRun.Interrupted {
      over()
      let kept = try whatIsKept(of: run, interruption, description, outputs)
      try run.faults.attempt { try run.log?.finish(interruption.logLine) }
      try pictures?.draw(
        [("interrupted", "after step \(interruption.step) of \(run.steps)")], trainer: nil,
        run.faults)
      run.faults.tell()
      throw Failure(
        .init(signal: interruption.signal),
        "interrupted after step \(interruption.step) of \(run.steps); \(kept)")
    }
  }

  /// Keeps the weights of an interrupted run that has no checkpoints, and says what there is.
  private func whatIsKept(
    of run: TrainingRun, _ interruption: TrainingRun.Interrupted,
    _ description: WeightsDescription, _ outputs: OutputPlan.Reserved
  ) throws -> String {
    if let folder = run.checkpoints?.folder {
      guard let step = try folder.steps().first else { return "no checkpoint could be written" }
      return (step == interruption.step ? "" : "the last checkpoint is of step \(step): ")
        + "go on with it by --resume \(folder.path)"
    }
    guard let target = outputs.weights else { return "nothing is kept without --checkpoint" }
    guard (try? run.trainer.checkFinite()) != nil else {
      return "the weights are not finite, and are not kept"
    }
    let weights = try description.describe(run.trainer.weights()).serialized()
    var isWritten = false
    try run.faults.attempt {
      try Interruption.whileWaiting(for: target.path) { try target.write(weights) { true } }
      isWritten = true
    }
    return isWritten
      ? "the weights of that step are in \(target.path)" : "the weights could not be written"
  }

  // MARK: Output

  func display(
    after step: Int, of steps: Int, stepsPerEpoch: Int
  ) -> (any ProgressDisplay)? {
    if quiet { return nil }
    if Console.errorIsTerminal { return ProgressBar() }
    return ProgressLines(after: step, of: steps, stepsPerEpoch: stepsPerEpoch)
  }

  /// Ends the log with what training has come to.
  func report(
    _ results: [MeasuredResult], _ trainer: Trainer, _ seconds: Double, _ log: TrainingLog?
  ) throws {
    try log?.finish(
      results.flatMap { $0.measure.logMembers($0.evaluation) } + [
        ("steps", .integer(trainer.stepCount)),
        ("seconds", .number(seconds)), ("device", .string(trainer.device.description)),
        ("schedules", trainer.device.tuning.map(JSONText.string) ?? .null),
        ("tower", .string(try trainer.tower.description)),
      ])
  }

  /// What training has come to, besides how good the network is.
  func summary(
    _ trainer: Trainer, _ seconds: Double, after firstStep: Int
  ) throws -> [(name: String, value: String)] {
    [
      ("tower", try trainer.tower.description),
      (
        "time",
        "\(formatted("%.2f", seconds)) s for \(trainer.stepCount - firstStep) steps, "
          + "building kernels included"
      ),
      ("device", trainer.device.description),
    ]
  }

  /// A tower whose notation takes more lines of a terminal comes first.
  private static let mostLines = 6

  /// Says what training has come to.
  func print(
    _ results: [MeasuredResult], _ trainer: Trainer, _ seconds: Double, after firstStep: Int,
    _ best: BestWeights?
  ) throws {
    let (tower, width) = (try trainer.tower, Console.outputWidth)
    var summary = table(
      try summary(trainer, seconds, after: firstStep).map { [$0.name, $0.value] })
    // A tower that takes many lines of a terminal must not move the table out of sight.
    let isLong = width.map { summary[0].count > Self.mostLines * $0 } ?? false
    let lines =
      (isLong ? [summary.removeFirst()] : []) + ["learned hyperparameters"]
      + TowerTable.lines(tower, width: width.map { $0 - 2 }).map { "  " + $0 } + summary
      + (best?.summary.map { [$0] } ?? []) + results.flatMap { $0.measure.lines($0.evaluation) }
    for line in lines { try Console.print(line) }
  }
}
