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
    let outputs = try outputs()
    defer { withExtendedLifetime(outputs) {} }
    let device = try device.device()
    let images = try images(resumed)
    let settings = try settings(of: resumed, optimization, images)
    let folder = try resumed?.folder ?? checkpoint.newFolder()

    let network = try ModelOptions.network(
      widths: [images.featureCount] + settings.hidden + [images.classCount])
    try MemoryCheck.check(network, optimization, images, batchSize: settings.batchSize, on: device)
    let trainer = try Trainer(
      network, loss: .negativeLogLikelihood, optimizer: tower, firstStep: optimization.firstStep,
      average: optimization.average, plannedSteps: max(1, settings.steps), on: device,
      seed: settings.seed)
    if let initialWeights { try trainer.load(initialWeights, warn: Console.warn) }
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
    let log = try log.map { try TrainingLog(path: $0, keeping: trainer.stepCount) }
    if let log, let save, log.isFile(at: save) {
      throw Failure(.usage, "--log and --save name the same file: \(save)")
    }
    let history = plot.map { _ in TrainingHistory() }
    let run = TrainingRun(
      trainer: trainer, data: images.train, measure: images.measures.first,
      batchSize: settings.batchSize, isShuffled: settings.isShuffled, steps: settings.steps,
      log: log, history: history,
      display: display(after: firstStep, of: settings.steps, stepsPerEpoch: stepsPerEpoch),
      checkpoints: try folder.map {
        try CheckpointWriter(
          $0, every: checkpoint.interval, settings: settings, measure: images.measures.first,
          resumed: resumed?.file)
      },
      recovery: checkpoint.onDivergence == .restore ? Recovery() : nil)
    if resumed != nil { try run.checkpoints?.completeBest(trainer) }
    let (seconds, accuracies) = try result(of: run, tower, images.measures)
    try outputs.weights?.write(trainer.weights().serialized())
    try report(
      trainer, accuracies: accuracies, seconds, steps: trainer.stepCount - firstStep, log)
    try draw(history, tower)
  }

  /// Runs to the end and tests; what ends the run earlier is told in its log, too.
  private func result(
    of run: TrainingRun, _ tower: Tower, _ measures: [Measure]
  ) throws -> (seconds: Double, accuracies: [(Measure, Double)]) {
    do {
      let duration = try run.run()
      try run.trainer.checkFinite()
      let accuracies = try measures.map {
        ($0, try run.trainer.finiteEvaluation(on: $0.data).accuracyPercent!)
      }
      return (duration.seconds, accuracies)
    } catch let error as DivergenceError {
      try run.log?.finish([
        ("error", .string(error.description)), ("steps", .integer(error.step)),
      ])
      drawIfPossible(run.history, tower)
      let last = try run.checkpoints.flatMap { try $0.folder.steps().first }
      throw Failure(
        .diverged,
        error.description
          + (last.map { "; the last good checkpoint is of step \($0)" } ?? ""))
    } catch let interruption as TrainingRun.Interrupted {
      drawIfPossible(run.history, tower)
      throw Failure(
        .init(signal: interruption.signal),
        "interrupted after step \(interruption.step) of \(run.steps); "
          + (run.checkpoints.map { "go on with it by --resume \($0.folder.path)" }
            ?? "nothing is kept without --checkpoint"))
    }
  }

  // MARK: Settings

  /// What a resumed run takes from its checkpoint is not given anew.
  private func refuseSettings() throws {
    let given = [
      ("--optimizer", tower.notation != nil), ("--first-step", tower.firstStep != nil),
      ("--average", tower.average != nil), ("--hidden", model.hidden != nil),
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

  /// What a run writes besides its log and its checkpoints, reserved as long as this lives.
  private struct Outputs {
    let weights: ReservedFile?
    let plots: OutputFolder?
  }

  /// Finds out before an hour of training is spent whether outputs can be written.
  private func outputs() throws -> Outputs {
    if save == "-" {
      throw Failure(
        .usage, "--save - is not possible: standard output has the results; name a file")
    }
    if let log, log == save {
      throw Failure(.usage, "--log and --save name the same file: \(log)")
    }
    let outputs = Outputs(
      weights: try save.map { try ReservedFile($0) }, plots: try plot.flatMap(plotFolder))
    if let save {
      if let warning = outputs.weights?.warning { Console.warn(warning) }
      try ExistingFile.check(save, "the weights of an earlier run", option: "--save") {
        SafetensorsFile.beginsWithWeights($0)
      }
    }
    if let plot { try Plot.checkPlace("training", in: plot, option: "--plot") }
    return outputs
  }

  /// The folder of plots; nil if it is that of the checkpoints, which is kept from other runs as it is.
  private func plotFolder(_ path: String) throws -> OutputFolder? {
    try OutputFolder.create(path)
    let checkpoints = checkpoint.folder ?? checkpoint.resume
    if let checkpoints, OutputFolder.isSame(checkpoints, path) { return nil }
    return try OutputFolder(path, for: "plots")
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

  /// Draws beside an error, which is not to be hidden by another one.
  private func drawIfPossible(_ history: TrainingHistory?, _ tower: Tower) {
    do {
      try draw(history, tower)
    } catch {
      Console.warn("\(error)")
    }
  }

  private func display(
    after step: Int, of steps: Int, stepsPerEpoch: Int
  ) -> (any ProgressDisplay)? {
    if quiet { return nil }
    if Console.errorIsTerminal { return ProgressBar() }
    return ProgressLines(after: step, of: steps, stepsPerEpoch: stepsPerEpoch)
  }

  /// Says what training has come to, and ends the log with it.
  private func report(
    _ trainer: Trainer, accuracies: [(measure: Measure, percent: Double)], _ seconds: Double,
    steps: Int, _ log: TrainingLog?
  ) throws {
    let tower = try trainer.tower
    try log?.finish(
      accuracies.map { ($0.measure.accuracyKey, .number($0.percent)) } + [
        ("steps", .integer(trainer.stepCount)),
        ("seconds", .number(seconds)), ("device", .string(trainer.device.description)),
        ("schedules", trainer.device.tuning.map(JSONText.string) ?? .null),
        ("tower", .string(tower.description)),
      ])
    let lines =
      ["learned hyperparameters"] + TowerTable.lines(tower).map { "  " + $0 }
      + table([
        ["tower", tower.description],
        [
          "time",
          "\(formatted("%.2f", seconds)) s for \(steps) steps, "
            + "building kernels included",
        ],
        ["device", trainer.device.description],
      ]) + accuracies.map { $0.measure.line($0.percent) }
    for line in lines { try Console.print(line) }
  }
}
