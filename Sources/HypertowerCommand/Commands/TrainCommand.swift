import ArgumentParser
import Datasets
import Hypertower

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a network with a tower of optimizers and tests it.",
    discussion: """
      For example: hypertower train --optimizer "sgd(0.01) / adam()" --epochs 3 --log run.jsonl
      """)

  @OptionGroup var tower: TowerOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var data: DataOptions
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
    let tower = try TowerOptions.tower(
      resumed?.settings.optimizer ?? tower.notation ?? TowerOptions.standard)
    try checkOutputs()
    let device = try device.device()
    var data = data
    data.folder = data.folder ?? resumed?.settings.data
    let images = try data.images()
    let settings = try settings(of: resumed, tower, images)
    let folder = try resumed?.folder ?? checkpoint.newFolder()

    let network = try ModelOptions.network(
      widths: [images.featureCount] + settings.hidden + [images.classCount])
    try MemoryCheck.check(network, tower, images, batchSize: settings.batchSize, on: device)
    let trainer = try Trainer(
      network, loss: .negativeLogLikelihood, optimizer: tower, on: device, seed: settings.seed)
    if let initialWeights { try trainer.load(initialWeights, warn: Console.warn) }
    if let resumed {
      try trainer.resume(from: resumed.file, source: resumed.source, on: images.train)
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
    let history = plot.map { _ in TrainingHistory() }
    let run = TrainingRun(
      trainer: trainer, data: images.train, testData: images.test,
      batchSize: settings.batchSize, isShuffled: settings.isShuffled, steps: settings.steps,
      log: log, history: history,
      display: display(steps: settings.steps, stepsPerEpoch: stepsPerEpoch),
      checkpoints: folder.map {
        CheckpointWriter(
          $0, every: checkpoint.interval ?? stepsPerEpoch, settings: settings,
          testData: images.test, resumed: resumed?.file)
      },
      recovery: checkpoint.onDivergence == .restore ? Recovery() : nil)
    let (seconds, accuracy) = try result(of: run, tower)
    if let save { try trainer.save(save) }
    try report(
      trainer, accuracy: accuracy, seconds, steps: trainer.stepCount - firstStep, log)
    try draw(history, tower)
  }

  /// Runs to the end and tests; what ends the run earlier is told in its log, too.
  private func result(
    of run: TrainingRun, _ tower: Tower
  ) throws -> (seconds: Double, accuracy: Double) {
    do {
      let duration = try run.run()
      try run.trainer.checkFinite()
      let evaluation = try run.trainer.finiteEvaluation(on: run.testData)
      return (duration.seconds, evaluation.accuracyPercent!)
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
      ("--optimizer", tower.notation != nil), ("--hidden", model.hidden != nil),
      ("--batch-size", batchSize != nil), ("--no-shuffle", noShuffle), ("--seed", seed != nil),
      ("--init", initialWeights != nil),
    ].filter(\.1).map(\.0)
    guard given.isEmpty else {
      throw Failure(
        .usage,
        "\(given.joined(separator: ", ")) cannot be given with --resume: the run goes on with the "
          + "settings that it began with; its length may be given, by --epochs or --steps")
    }
  }

  private func checkOutputs() throws {
    if let save { try OutputPath.check(save) }
    if let plot { try OutputPath.createFolder(plot) }
    if let log, log == save {
      throw Failure(.usage, "--log and --save name the same file: \(log)")
    }
  }

  private func settings(
    of resumed: ResumedRun?, _ tower: Tower, _ images: LabelledImages
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
      return settings
    }
    return TrainingSettings(
      optimizer: tower.description, data: data.folder,
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

  private func display(steps: Int, stepsPerEpoch: Int) -> (any ProgressDisplay)? {
    if quiet { return nil }
    if Console.errorIsTerminal { return ProgressBar() }
    return ProgressLines(steps: steps, stepsPerEpoch: stepsPerEpoch)
  }

  /// Says what training has come to, and ends the log with it.
  private func report(
    _ trainer: Trainer, accuracy: Double, _ seconds: Double, steps: Int, _ log: TrainingLog?
  ) throws {
    let tower = try trainer.tower
    try log?.finish([
      ("test_accuracy_percent", .number(accuracy)), ("steps", .integer(trainer.stepCount)),
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
      ]) + ["test accuracy \(formatted("%.2f", accuracy)) %"]
    for line in lines { try Console.print(line) }
  }
}
