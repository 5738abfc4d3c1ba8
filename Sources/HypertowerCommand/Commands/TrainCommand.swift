import ArgumentParser
import Datasets
import Hypertower

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network with a tower of optimizers and tests it.",
    discussion: """
      For example: hypertower train --epochs 3 --save weights.safetensors
      or, with a tower of your own: hypertower train --optimizer "sgd(0.01) / adam()"
      """)

  @OptionGroup var tower: TowerOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var validation: ValidationOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var length: TrainingLength

  @OptionGroup var checkpoint: CheckpointOptions

  @Option(help: "The number of samples of a step; default: 300.")
  var batchSize: Int?

  @Flag(help: "Take the samples in the order of the file.")
  var noShuffle = false

  @Option(help: "What the weights and the order of the samples are drawn from; default: 0.")
  var seed: UInt64?

  @Option(
    name: .customLong("init"),
    help: ArgumentHelp(
      """
      Start from the weights in a safetensors file, w1, b1, w2, b2, … with w as [out, in]; or in a model \
      in several files, by its index or folder. PyTorch's names are matched by order and shape.
      """, valueName: "file"))
  var initialWeights: String?

  @Option(
    help: ArgumentHelp(
      "Write every step's loss and hyperparameters to a file, one JSON object a line.",
      valueName: "file"))
  var log: String?

  @Option(
    help: ArgumentHelp("Write the trained weights to a safetensors file.", valueName: "file"))
  var save: String?

  @Option(
    help: ArgumentHelp(
      "Draw the loss and every level's hyperparameters over the steps, into a folder.",
      valueName: "folder"))
  var plot: String?

  @Flag(help: "Show no progress.")
  var quiet = false

  func run() throws {
    Interruption.watch()
    let resumed = try checkpoint.resumedRun()
    if resumed != nil { try refuseSettings() }
    let optimization = try resumed?.settings.optimization() ?? tower.optimization()
    let tower = optimization.tower
    let plan = try OutputPlan(
      log: log, save: save, plot: plot, checkpoint: checkpoint.folder, resume: checkpoint.resume)
    let folder = try resumed?.folder ?? checkpoint.newFolder()
    let outputs = try plan.reserve()
    defer { withExtendedLifetime(outputs) {} }
    let device = try device.device()
    let images = try images(resumed)
    let settings = try settings(of: resumed, optimization, images)

    let network = try ModelOptions.network(
      widths: [images.featureCount] + settings.hidden + [images.classCount])
    try MemoryCheck.check(network, optimization, images, batchSize: settings.batchSize, on: device)
    let trainer = try Trainer(
      network, loss: .negativeLogLikelihood, optimizer: tower, firstStep: optimization.firstStep,
      average: optimization.average, plannedSteps: max(1, settings.steps), on: device,
      seed: settings.seed)
    if let initialWeights { try trainer.start(from: initialWeights, images) }
    if let resumed {
      try trainer.resume(
        from: resumed.file, source: resumed.source, on: images.train, warn: Console.warn)
      let step = trainer.stepCount
      Console.warn(
        step < settings.steps
          ? "going on after step \(step), from \(resumed.source)"
          : "\(resumed.source) is of step \(step) of \(settings.steps): nothing is left to do; give "
            + "--epochs or --steps to train longer")
    }
    let firstStep = trainer.stepCount
    let stepsPerEpoch =
      (images.train.count + settings.batchSize - 1) / settings.batchSize
    let writer = try folder.map {
      try CheckpointWriter(
        $0, every: checkpoint.interval, settings: settings, measure: images.measures.first,
        resumed: resumed?.file)
    }
    let log = try log.map {
      try TrainingLog(
        path: $0, keeping: trainer.stepCount,
        endingIn: resumed.flatMap { CheckpointWriter.logLine($0.file) })
    }
    let history = plot.map { _ in TrainingHistory() }
    let run = TrainingRun(
      trainer: trainer, data: images.train, measure: images.measures.first,
      batchSize: settings.batchSize, isShuffled: settings.isShuffled, steps: settings.steps,
      log: log, history: history,
      display: display(after: firstStep, of: settings.steps, stepsPerEpoch: stepsPerEpoch),
      checkpoints: writer,
      recovery: checkpoint.onDivergence == .restore ? Recovery() : nil,
      faults: OutputFaults())
    if resumed != nil {
      try run.faults.attempt { try run.checkpoints?.completeBest(trainer) }
    }
    let (seconds, accuracies) = try result(of: run, tower, images.measures, settings, outputs)
    // One that cannot be written keeps none of the others back.
    let weights = try settings.describe(trainer.weights()).serialized()
    try run.faults.attempt {
      try Interruption.whileWaiting(for: save ?? "") {
        try outputs.weights?.write(weights) { Interruption.isRequested }
      }
    }
    try run.faults.attempt { try report(trainer, accuracies, seconds, log) }
    try run.faults.attempt { try print(trainer, accuracies, seconds, after: firstStep) }
    try run.faults.attempt { try draw(history, tower) }
    try run.faults.throwFirst()
  }

  /// Runs to the end and tests; what ends the run earlier is told in its log, too.
  private func result(
    of run: TrainingRun, _ tower: Tower, _ measures: [Measure], _ settings: TrainingSettings,
    _ outputs: OutputPlan.Reserved
  ) throws -> (seconds: Double, accuracies: [(measure: Measure, percent: Double)]) {
    do {
      let duration = try run.run()
      try run.trainer.checkFinite()
      let accuracies = try measures.map {
        ($0, try run.trainer.finiteEvaluation(on: $0.data).accuracyPercent!)
      }
      return (duration.seconds, accuracies)
    } catch let error as DivergenceError {
      try run.faults.attempt {
        try run.log?.finish([
          ("error", .string(error.description)), ("steps", .integer(error.step)),
        ])
      }
      try run.faults.attempt { try draw(run.history, tower) }
      run.faults.tell()
      let last = try run.checkpoints.flatMap { try $0.folder.steps().first }
      throw Failure(
        .diverged,
        error.description
          + (last.map { "; the last good checkpoint is of step \($0)" } ?? ""))
    } catch let interruption as TrainingRun.Interrupted {
      let kept = try whatIsKept(of: run, interruption, settings, outputs)
      try run.faults.attempt { try run.log?.finish(interruption.logLine) }
      try run.faults.attempt { try draw(run.history, tower) }
      run.faults.tell()
      throw Failure(
        .init(signal: interruption.signal),
        "interrupted after step \(interruption.step) of \(run.steps); \(kept)")
    }
  }

  /// Keeps the weights of an interrupted run that has no checkpoints, and says what there is.
  private func whatIsKept(
    of run: TrainingRun, _ interruption: TrainingRun.Interrupted, _ settings: TrainingSettings,
    _ outputs: OutputPlan.Reserved
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
    let weights = try settings.describe(run.trainer.weights()).serialized()
    var isWritten = false
    try run.faults.attempt {
      try Interruption.whileWaiting(for: target.path) { try target.write(weights) { true } }
      isWritten = true
    }
    return isWritten
      ? "the weights of that step are in \(target.path)" : "the weights could not be written"
  }

  // MARK: Settings

  /// What a resumed run takes from its checkpoint is not given anew.
  private func refuseSettings() throws {
    let given = [
      ("--optimizer", tower.notation != nil), ("--first-step", tower.additions.firstStep != nil),
      ("--average", tower.additions.average != nil), ("--hidden", model.hidden != nil),
      ("--batch-size", batchSize != nil), ("--no-shuffle", noShuffle), ("--seed", seed != nil),
      ("--init", initialWeights != nil), ("--classes", data.classCount != nil),
      ("--scale", data.scale != nil), ("--validation", validation.share != nil),
    ].filter(\.1).map(\.0)
    guard given.isEmpty else {
      throw Failure(
        .usage,
        "\(given.joined(separator: ", ")) cannot be given with --resume: the run goes on with the "
          + "settings that it began with; its length may be given, by --epochs or --steps")
    }
  }

  /// The data; those of a resumed run are understood as when it began, and lie where they lay then
  /// unless a folder is given.
  private func images(_ resumed: ResumedRun?) throws -> LabelledImages {
    guard let resumed else { return try data.images(validationShare: validation.share) }
    var data = data
    data.folder = data.folder ?? resumed.settings.data
    data.classCount = resumed.settings.classes
    data.scale = resumed.settings.scale
    do {
      return try data.images(validationShare: resumed.settings.validation)
    } catch let error as InputError where error.kind == .missingInput && self.data.folder == nil {
      throw InputError(
        .missingInput,
        "\(error.message); the run in \(resumed.folder.path) had its data there: if they have moved, "
          + "give their folder by --data")
    }
  }

  private func settings(
    of resumed: ResumedRun?, _ optimization: Optimization, _ images: LabelledImages
  ) throws -> TrainingSettings {
    let batchSize = resumed?.settings.batchSize ?? batchSize ?? 300
    guard batchSize > 0, batchSize <= images.train.count else {
      throw Failure(
        .usage,
        "--batch-size \(batchSize) is out of range: it must lie in 1...\(images.train.count), the "
          + "number of samples to train on")
    }
    let stepsPerEpoch = (images.train.count + batchSize - 1) / batchSize
    if let resumed {
      var settings = resumed.settings
      guard settings.dataHash == images.fingerprint else {
        throw InputError(
          .badData,
          "\(data.folder ?? settings.data ?? "the embedded MNIST"): is other data than the run in "
            + "\(resumed.folder.path) began with: give its folder by --data")
      }
      if length.epochs != nil || length.steps != nil {
        settings.steps = try length.stepCount(stepsPerEpoch: stepsPerEpoch)
      }
      settings.data = (data.folder ?? settings.data).map(absolutePath)
      return settings
    }
    return TrainingSettings(
      optimization: optimization, data: data.folder.map(absolutePath),
      classes: data.classCount, scale: data.scale, validation: validation.share,
      // Only a checkpoint needs it.
      dataHash: checkpoint.folder == nil ? "" : images.fingerprint,
      hidden: model.widths, batchSize: batchSize, isShuffled: !noShuffle, seed: seed ?? 0,
      steps: try length.stepCount(stepsPerEpoch: stepsPerEpoch))
  }

  // MARK: Output

  private func draw(_ history: TrainingHistory?, _ tower: Tower) throws {
    guard let plot, let history else { return }
    let drawing = TrainingPlot(history, tower: tower).plot
    try drawing.write(to: plot)
    if !Gnuplot.draw([drawing], in: plot).isEmpty {
      Console.warn("drawn: \(plot)/\(drawing.name).svg and .png")
    }
  }

  private func display(
    after step: Int, of steps: Int, stepsPerEpoch: Int
  ) -> (any ProgressDisplay)? {
    if quiet { return nil }
    if Console.errorIsTerminal { return ProgressBar() }
    return ProgressLines(after: step, of: steps, stepsPerEpoch: stepsPerEpoch)
  }

  /// Ends the log with what training has come to.
  private func report(
    _ trainer: Trainer, _ accuracies: [(measure: Measure, percent: Double)], _ seconds: Double,
    _ log: TrainingLog?
  ) throws {
    try log?.finish(
      accuracies.map { ($0.measure.accuracyKey, .number($0.percent)) } + [
        ("steps", .integer(trainer.stepCount)),
        ("seconds", .number(seconds)), ("device", .string(trainer.device.description)),
        ("schedules", trainer.device.tuning.map(JSONText.string) ?? .null),
        ("tower", .string(try trainer.tower.description)),
      ])
  }

  /// Says what training has come to.
  private func print(
    _ trainer: Trainer, _ accuracies: [(measure: Measure, percent: Double)], _ seconds: Double,
    after firstStep: Int
  ) throws {
    let tower = try trainer.tower
    let lines =
      ["learned hyperparameters"] + TowerTable.lines(tower).map { "  " + $0 }
      + table([
        ["tower", tower.description],
        [
          "time",
          "\(formatted("%.2f", seconds)) s for \(trainer.stepCount - firstStep) steps, "
            + "building kernels included",
        ],
        ["device", trainer.device.description],
      ]) + accuracies.map { $0.measure.line($0.percent) }
    for line in lines { try Console.print(line) }
  }
}
