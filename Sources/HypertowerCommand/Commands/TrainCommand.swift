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

  @Option(help: "The number of samples of a step.")
  var batchSize = 300

  @Flag(help: "Take the samples in the order of the file.")
  var noShuffle = false

  @Option(help: "What the weights and the order of the samples are drawn from.")
  var seed: UInt64 = 0

  @Option(
    name: .customLong("init"),
    help: ArgumentHelp(
      "Start from the weights in a safetensors file: w1, b1, w2, b2, …; w is [out, in].",
      valueName: "file"))
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
    let tower = try tower.tower()
    if let save { try OutputPath.check(save) }
    if let plot { try OutputPath.createFolder(plot) }
    if let log, log == save {
      throw Failure(.usage, "--log and --save name the same file: \(log)")
    }
    let device = try device.device()
    let images = try data.images()
    guard batchSize > 0, batchSize <= images.train.count else {
      throw Failure(
        .usage,
        "--batch-size \(batchSize) is out of range: it must lie in 1...\(images.train.count), the "
          + "number of samples to train on")
    }
    let stepsPerEpoch = (images.train.count + batchSize - 1) / batchSize
    let steps = try length.stepCount(stepsPerEpoch: stepsPerEpoch)
    let trainer = try Trainer(
      try model.network(for: images), loss: .negativeLogLikelihood, optimizer: tower, on: device,
      seed: seed)
    if let initialWeights { try trainer.load(initialWeights) }
    let log = try log.map(TrainingLog.init)
    let history = plot.map { _ in TrainingHistory() }
    let run = TrainingRun(
      trainer: trainer, data: images.train, testData: images.test, batchSize: batchSize,
      isShuffled: !noShuffle, steps: steps, log: log, history: history,
      display: display(steps: steps, stepsPerEpoch: stepsPerEpoch))
    let seconds: Double
    do {
      seconds = try run.run().seconds
      try trainer.checkFinite()
    } catch let error as DivergenceError {
      try log?.finish([("error", .string(error.description)), ("steps", .integer(error.step))])
      try draw(history, tower)
      throw error
    }
    try draw(history, tower)
    if let save { try trainer.save(save) }
    try report(trainer, accuracy: try trainer.accuracy(on: images.test), seconds, log)
  }

  private func draw(_ history: TrainingHistory?, _ tower: Tower) throws {
    guard let plot, let history else { return }
    let drawing = TrainingPlot(history, tower: tower).plot
    try drawing.write(to: plot)
    try Gnuplot.draw([drawing], in: plot)
  }

  private func display(steps: Int, stepsPerEpoch: Int) -> (any ProgressDisplay)? {
    if quiet { return nil }
    if Console.errorIsTerminal { return ProgressBar() }
    return ProgressLines(steps: steps, stepsPerEpoch: stepsPerEpoch)
  }

  /// Says what training has come to, and ends the log with it.
  private func report(
    _ trainer: Trainer, accuracy: Double, _ seconds: Double, _ log: TrainingLog?
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
          "\(formatted("%.2f", seconds)) s for \(trainer.stepCount) steps, "
            + "building kernels included",
        ],
        ["device", trainer.device.description],
      ]) + ["test accuracy \(formatted("%.2f", accuracy)) %"]
    for line in lines { try Console.print(line) }
  }
}
