import ArgumentParser
import Datasets
import Hypertower

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Finds the fastest matrix products and launches for a model on an OpenCL device.",
    discussion: """
      For example: hypertower tune --model gpt --text book.txt
      It tries schedules for each matrix product of a training step, and whether the device does better with a launch for \
      each phase of a step or with one for several steps, of which it also checks that they compute the \
      same. Products that leave out zeros of the data keep their defaults.

      What is found is kept in the cache folder and used by later runs on the same device with the \
      same driver; a run's log says so. Nothing else changes it: runs repeat bit by bit until the \
      next `tune`. CLBlast sums in another order than our own kernels, everything else gives the \
      same bits.
      """)

  @OptionGroup var config: ConfigOptions
  @OptionGroup var device: DeviceOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var target: TargetOptions
  @OptionGroup var imageFiles: ImageFileOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var text: TextOptions

  @Option(help: "The number of samples of a step; default: the model's, as --model lists it.")
  var batchSize: Int?

  func validate() throws {
    if let batchSize, batchSize < 1 {
      throw ValidationError("--batch-size \(batchSize) is out of range: it must be 1 or more")
    }
  }

  func run() throws {
    let choice = try model.choice()
    let textPath = try text.path(
      for: choice.kind, besides: data.given + target.given + imageFiles.given)
    let device = try device.device()
    guard let backend = device.backend as? OpenCLBackend else {
      throw Failure(
        self.device.name == nil ? .noDevice : .usage,
        "tune needs an OpenCL device; this is \(device)")
    }
    // Before minutes are spent on what could not be kept.
    try backend.checkKeeping()
    let data = try TrainingData(
      for: choice, textPath: textPath, data.source(target.table, imageFiles.options))
    let description = NetworkDescription(choice: choice, input: data.input)
    let network = try description.network()
    let batchSize = batchSize ?? data.defaultBatchSize(for: choice)
    let products = try network.products(on: data.train, batchSize: batchSize, device: device)
      .entries.map(\.product)
    try Console.print("\(description.name), batch \(batchSize), device \(device)")
    var tuner = try ProductTuner(backend)
    try tuner.tune(products) { finding in
      try Console.print(
        "\(finding.product.label)  " + formatted("%.4f → ", finding.before)
          + formatted("%.4f ms  ", finding.after) + "\(finding.schedule)")
    }
    for (rows, height) in tuner.choices.tileRows.sorted(by: { $0.key < $1.key }) {
      try Console.print("tiles of \(height) rows where there are \(rows)")
    }
    var choices = tuner.choices
    if backend.canJoinPhases {
      let trial = try LaunchTrial(
        network.module, loss: network.loss, sampleShape: network.sampleShape, on: data.train,
        batchSize: batchSize, backend: backend, choices: choices)
      try Console.print(
        formatted("a step in one launch for several steps  %.4f ms, ", trial.joined)
          + formatted("in launches of its own  %.4f ms", trial.separate)
          + (trial.isSame ? "" : "; they do not compute the same, so it gets its own"))
      choices.joinsPhases = trial.choice(besides: backend.joinsPhasesByDefault)
    }
    let path = try backend.keep(choices, for: products.map { ProductShape($0) })
    let found = choices.isEmpty ? "the defaults are as fast; " : ""
    try Console.print("\(found)kept in \(path)")
  }
}
