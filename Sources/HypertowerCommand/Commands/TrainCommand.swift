import ArgumentParser
import Collectives
import Hypertower

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network with a tower of optimizers and tests it.",
    discussion: """
      For example: hypertower train --epochs 3 --save weights.safetensors
      or, with a tower of your own: hypertower train --optimizer "sgd(0.01) / adam()"
      or another model: hypertower train --model gpt --text book.txt --steps 2000
      or on a table: hypertower train --data table.csv --target churn --validation 0.1 --test 0.2
      """)

  @OptionGroup(title: "Optimizer") var tower: TowerOptions
  @OptionGroup var config: ConfigOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup(title: "Data") var data: DataOptions
  @OptionGroup(title: "Data") var target: TargetOptions
  @OptionGroup(title: "Data") var imageFiles: ImageFileOptions
  @OptionGroup(title: "Data") var split: SplitOptions
  @OptionGroup(title: "Data") var text: TextOptions
  @OptionGroup(title: "Model") var model: ModelOptions
  @OptionGroup var length: TrainingLength

  @OptionGroup(title: "Checkpoints") var checkpoint: CheckpointOptions
  @OptionGroup(title: "Watching") var watch: WatchOptions

  @Option(
    help: """
      The number of samples of a step; default: the model's, as --model lists it, and \(TrainingData.tableBatchSize) for \
      a table.
      """)
  var batchSize: Int?

  @Option(
    help: """
      In how many parts a batch is computed, each by itself: under mpirun at least as many as there are ranks, and \
      then the results do not depend on how many these are; default: as many.
      """)
  var shards: Int?

  @Flag(
    name: .customLong("sync-batchnorm"),
    help: """
      With --shards or under mpirun, let batch normalization take its statistics over the batch and not over the shard.
      """)
  var syncBatchNorm = false

  @Option(
    name: .customLong("rank-timeout"),
    help: ArgumentHelp(
      """
      Under mpirun, how long a rank waits for another before it ends all: longer than an evaluation or a checkpoint \
      takes; default: 600.
      """, valueName: "seconds"))
  var rankTimeout: Int?

  @Option(
    name: .customLong("class-weights"),
    help: ArgumentHelp(
      """
      How much each class counts in the loss: a list such as 1,5, or balanced, by which all classes count alike \
      however many samples they have; default: every sample counts alike.
      """, valueName: "balanced|list"))
  var classWeights: String?

  @Option(
    help: ArgumentHelp(
      """
      Change samples in training, others in each step: a list of \(Augmentation.help), with or without amounts, as in \
      shift=2,flip.
      """, valueName: "list"))
  var augment: String?

  @Flag(help: "Take the samples in the order of the file.")
  var noShuffle = false

  @Option(help: "What the weights and the order of the samples are drawn from; default: 0.")
  var seed: UInt64?

  @Option(
    name: .customLong("init"),
    help: ArgumentHelp(
      """
      Start from the weights in a safetensors file that --save or a checkpoint wrote, or of a dense network, w1, \
      b1, w2, b2, … with w as [out, in]; or in a model in several files, by its index or folder. PyTorch's names are \
      matched by order and shape.
      """, valueName: "file"), completion: .file())
  var initialWeights: String?

  @Option(
    help: ArgumentHelp(
      """
      Write every step's loss and hyperparameters to a file, one JSON object a line, or as comma-separated values \
      if its name ends in .csv.
      """,
      valueName: "file"), completion: .file())
  var log: String?

  @Option(
    help: ArgumentHelp("Write the trained weights to a safetensors file.", valueName: "file"),
    completion: .file())
  var save: String?

  @Option(
    help: ArgumentHelp(
      "Draw the loss and every level's hyperparameters over the steps, into a folder.",
      valueName: "folder"), completion: .directory)
  var plot: String?

  @Flag(help: "Show no progress.")
  var quiet = false

  @Flag(
    name: .customLong("dry-run"),
    help: """
      Train nothing and write no file: print the settings, the parameters with their shapes, what a step computes, and \
      the memory that it takes.
      """)
  var dryRun = false

  func validate() throws {
    if let rankTimeout, rankTimeout < 1 {
      throw ValidationError(
        "--rank-timeout \(rankTimeout) is out of range: it must be 1 or more")
    }
    try watch.check(plot: plot, isResumed: checkpoint.resume != nil)
  }

  func run() throws {
    Interruption.watch()
    guard let ranks = try Ranks.join() else { return try train() }
    do {
      if let rankTimeout { ranks.collective.patience = .seconds(rankTimeout) }
      var own = self
      if !ranks.isFirst { own.writeNothing() }
      try own.train(ranks)
      try ranks.leave()
    } catch {
      try ranks.end(error)
    }
  }

  /// Leaves all output to the first rank.
  private mutating func writeNothing() {
    (log, save, plot, quiet) = (nil, nil, nil, true)
    (watch.saveBest, watch.report, watch.tensorboard) = (nil, nil, nil)
    checkpoint.folder = nil
  }

  /// - Parameter ranks: which train together; default: this process alone.
  private func train(_ ranks: Ranks? = nil) throws {
    let isFirst = ranks?.isFirst ?? true
    let resumed = try checkpoint.resumedRun(writes: isFirst)
    if resumed != nil { try refuseSettings() }
    if let augment { _ = try Augmentation(augment) }
    let choice = try resumed?.choice ?? model.choice()
    let optimization = try resumed?.settings.optimization() ?? tower.optimization()
    let tower = optimization.tower
    let textPath = try textPath(for: choice.kind, resumed)
    let plan = try OutputPlan(
      log: log, save: save, plot: plot, saveBest: watch.saveBest, report: watch.report,
      tensorBoard: watch.tensorboard, checkpoint: checkpoint.folder, resume: checkpoint.resume,
      inputs: inputs(resumed?.settings))
    if dryRun {
      try checkpoint.checkNewFolder()
      let (device, data, settings, stepsPerEpoch, description, network) = try preparation(
        resumed, choice, optimization, textPath, ranks)
      if let initialWeights {
        try network.evaluator(on: .cpu).start(from: initialWeights, description, data.encoding)
      }
      let run = DryRun(
        network: network, optimization: optimization, settings: settings,
        rows: Self.rows(of: settings, description, data), data: data, stepsPerEpoch: stepsPerEpoch,
        device: device, ranks: ranks?.collective.size ?? 1)
      for line in try run.lines() { try Console.print(line) }
      return
    }
    let folder = try resumed?.folder ?? checkpoint.newFolder()
    let outputs = try plan.reserve()
    defer { withExtendedLifetime(outputs) {} }
    let (device, data, settings, stepsPerEpoch, description, network) = try preparation(
      resumed, choice, optimization, textPath, ranks)
    try MemoryCheck.check(
      network, optimization, train: data.train, test: data.measures.map(\.data),
      batchSize: settings.batchSize, sharing: settings.sharing(ranks: ranks?.collective.size ?? 1),
      on: device)
    if !device.keeps(data.train) {
      Console.warn(
        "the training data do not fit into the memory of \(device.name): batches are sent to it while it computes"
      )
    }
    let trainer = try network.trainer(
      optimization, plannedSteps: max(1, settings.steps), on: device, seed: settings.seed,
      shards: settings.shards ?? 1, synchronizesBatchNorm: settings.synchronizesBatchNorm ?? false,
      collective: ranks?.collective)
    if let ranks { tell(ranks, settings, device) }
    if let initialWeights { try trainer.start(from: initialWeights, description, data.encoding) }
    if let resumed {
      try trainer.resume(
        from: resumed.file, source: resumed.source, on: data.train, warn: Console.warn)
    }
    let firstStep = trainer.stepCount
    let name =
      try resumed.map { try RunName.name(in: $0.file) ?? settings.identity } ?? RunName.new()
    let ofWeights = WeightsDescription(
      network: description, scale: settings.scale, encoding: data.encoding)
    let writer = try (isFirst ? folder : nil).map {
      try CheckpointWriter(
        $0, every: checkpoint.interval, settings: settings, run: name, description: ofWeights,
        measure: data.measures.first, resumed: resumed?.file)
    }
    let log = try log.map {
      try TrainingLog(
        path: $0,
        format: LogFormat(
          path: $0, names: trainer.hyperparameterNames, measures: data.measures),
        run: name, keeping: trainer.stepCount,
        endingIn: resumed.flatMap { CheckpointWriter.logLine($0.file) })
    }
    let watchers = try watchers(
      settings, data, ofWeights, run: name, stepsPerEpoch: stepsPerEpoch, trainer, resumed, outputs)
    if let resumed { tell(resumed, settings, watchers, at: firstStep) }
    let pictures = pictures(
      of: settings, description, data, tower, evaluations: watchers.evaluations, outputs)
    let run = TrainingRun(
      trainer: trainer, data: data.train, measure: data.measures.first,
      batchSize: settings.batchSize, isShuffled: settings.isShuffled, steps: settings.steps,
      log: log, history: pictures?.history,
      display: display(after: firstStep, of: settings.steps, stepsPerEpoch: stepsPerEpoch),
      checkpoints: writer, watchers: watchers.all,
      recovery: checkpoint.onDivergence == .restore ? Recovery(every: checkpoint.interval) : nil,
      faults: OutputFaults())
    if let ranks, !isFirst { return try ranks.follow(run) }
    // A resumed run of which nothing is left to do keeps its settings.
    if resumed == nil || firstStep < settings.steps && !run.isStopped {
      try run.faults.attempt("settings", orElse: "the run goes on without its settings file") {
        try plan.write(
          settings: ResolvedSettings.text(
            run: name, stepsPerEpoch: stepsPerEpoch,
            resolved(settings, description.choice, on: device)))
      }
    }
    if resumed != nil {
      try run.faults.attempt { try run.checkpoints?.completeBest(trainer) }
      try run.faults.attempt { try watchers.best?.complete(trainer) }
    }
    let (seconds, results) = try result(
      of: run, pictures, data.measures, ofWeights, outputs
    ) { ranks?.isOver = true }
    if run.isStopped, let best = watchers.best {
      Console.warn(best.reason(after: trainer.stepCount))
    }
    // One that cannot be written keeps none of the others back.
    let weights = try ofWeights.describe(trainer.weights()).serialized()
    try run.faults.attempt {
      try Interruption.whileWaiting(for: save ?? "") {
        try outputs.weights?.write(weights) { Interruption.isRequested }
      }
    }
    try run.faults.attempt { try report(results, trainer, seconds, log) }
    try run.faults.attempt { try print(results, trainer, seconds, after: firstStep, watchers.best) }
    try pictures?.draw(
      summary(trainer, seconds, after: firstStep)
        + results.flatMap { $0.measure.rows($0.evaluation) },
      trainer: trainer, run.faults)
    try run.faults.throwFirst()
  }
}
