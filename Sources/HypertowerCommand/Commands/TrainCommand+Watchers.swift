import Collectives
import Hypertower

/// What follows a run beside its log.
extension TrainCommand {
  /// What follows a run, and the first of these, which may end it.
  struct Watchers {
    let best: BestWeights?
    let evaluations: EvaluationHistory?
    let tensorBoard: TensorBoardWatcher?

    var all: [any RunWatcher] {
      let all: [(any RunWatcher)?] = [best, evaluations, tensorBoard]
      return all.compactMap { $0 }
    }
  }

  /// Settles in the settings when the run may end early.
  ///
  /// - Throws: `Failure(.usage)` where there is nothing to measure that on.
  func settleEvaluations(
    in settings: inout TrainingSettings, _ data: TrainingData, stepsPerEpoch: Int
  ) throws {
    settings.patience = watch.earlyStopping ?? settings.patience
    let interval = watch.evaluationInterval(settings, stepsPerEpoch: stepsPerEpoch)
    if settings.patience != nil || watch.saveBest != nil {
      settings.evaluationInterval = interval.steps
    }
    guard settings.patience == nil || data.measures.contains(where: { $0.name == "validation" })
    else {
      throw Failure(
        .usage,
        "--early-stopping has no samples to stop by: hold some of the training data back by --validation 0.1"
      )
    }
    guard watch.saveBest == nil || !data.measures.isEmpty else {
      throw Failure(
        .usage,
        "--save-best has no samples to choose weights by: add test files, or hold some of the training data back "
          + "by --validation 0.1")
    }
  }

  /// - Parameters:
  ///   - run: the name of the run.
  ///   - stepsPerEpoch: the number of the steps of an epoch.
  ///   - trainer: where the run begins or goes on.
  ///   - resumed: the run that it goes on with.
  /// - Throws: `InputError`.
  func watchers(
    _ settings: TrainingSettings, _ data: TrainingData, _ description: WeightsDescription,
    run: String, stepsPerEpoch: Int, _ trainer: Trainer, _ resumed: ResumedRun?,
    _ outputs: OutputPlan.Reserved
  ) throws -> Watchers {
    let evaluations = watch.evaluationInterval(settings, stepsPerEpoch: stepsPerEpoch)
    var best: BestWeights?
    if let measure = data.measures.first, settings.patience != nil || watch.saveBest != nil {
      best = try BestWeights(
        of: measure, every: evaluations, patience: settings.patience, file: outputs.bestWeights,
        description: description, run: run, resumed: resumed?.file)
    }
    let noted =
      plot == nil && watch.report == nil
      ? nil
      : data.measures.first.map {
        EvaluationHistory(of: $0, every: evaluations, resumed: resumed?.file)
      }
    let tensorBoard = try watch.tensorboard.map {
      TensorBoardWatcher(
        try EventFolder(
          $0, run: run, keeping: resumed.map { _ in trainer.stepCount }),
        pace: watch.tensorBoardPace(steps: settings.steps, evaluations: evaluations),
        measure: data.measures.first)
    }
    return Watchers(best: best, evaluations: noted, tensorBoard: tensorBoard)
  }

  /// Tells where a resumed run goes on, or why it does not.
  func tell(_ resumed: ResumedRun, _ settings: TrainingSettings, _ watchers: Watchers, at step: Int)
  {
    let source = resumed.source
    if step >= settings.steps {
      Console.warn(
        "\(source) is of step \(step) of \(settings.steps): nothing is left to do; give --epochs or --steps to "
          + "train longer")
    } else if watchers.best?.endsRun == true {
      Console.warn(
        "\(source) is of step \(step), where the run has stopped early: nothing is left to do; give "
          + "--early-stopping more patience")
    } else {
      Console.warn("going on after step \(step), from \(source)")
    }
  }

  /// Tells how ranks share the work, and what keeps them from their cores.
  func tell(_ ranks: Ranks, _ settings: TrainingSettings, _ device: Device) {
    Console.warn(
      ranks.summary(shards: settings.shards ?? 1, batchSize: settings.batchSize))
    if let warning = RankCores.warning(
      allowed: RankCores.allowed, all: RankCores.all, used: device.coreCount,
      ranks: MPIImplementation.localSize ?? 1)
    {
      Console.warn(warning)
    }
  }

  /// What is drawn of the run when it has ended; nil: nothing is asked for.
  func pictures(
    of settings: TrainingSettings, _ description: NetworkDescription, _ data: TrainingData,
    _ tower: Tower, evaluations: EvaluationHistory?, _ outputs: OutputPlan.Reserved
  ) -> RunPictures? {
    guard plot != nil || watch.report != nil else { return nil }
    return RunPictures(
      history: TrainingHistory(), evaluations: evaluations, tower: tower, plot: plot,
      report: outputs.report,
      settings: Self.rows(of: settings, description, data),
      input: description.input)
  }

  /// What a run is given, as names and values.
  static func rows(
    of settings: TrainingSettings, _ description: NetworkDescription, _ data: TrainingData
  ) -> [(name: String, value: String)] {
    [("network", description.name)] + settings.rows(choice: description.choice)
      + [("training samples", "\(data.train.count)")]
      + data.measures.map { ("\($0.name) samples", "\($0.data.count)") }
  }
}
