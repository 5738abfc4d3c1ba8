import ArgumentParser
import Datasets
import Hypertower

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Finds the fastest matrix products and launches for a network on an OpenCL device.",
    discussion: """
      It tries schedules for each matrix product, and whether the device does better with a launch for \
      each phase of a step or with one for several steps, of which it also checks that they compute the \
      same. Products that leave out zeros of the data keep their defaults.

      What is found is kept in the cache folder and used by later runs on the same device with the \
      same driver; a run's log says so. Nothing else changes it: runs repeat bit by bit until the \
      next `tune`. CLBlast sums in another order than our own kernels, everything else gives the \
      same bits.
      """)

  @OptionGroup var device: DeviceOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var model: DenseOptions

  @Option(help: "The number of samples of a step.")
  var batchSize = 300

  func validate() throws {
    guard batchSize > 0 else {
      throw ValidationError("--batch-size \(batchSize) is out of range: it must be 1 or more")
    }
  }

  func run() throws {
    let device = try device.device()
    guard let backend = device.backend as? OpenCLBackend else {
      throw Failure(
        self.device.name == nil ? .noDevice : .usage,
        "tune needs an OpenCL device; this is \(device)")
    }
    // Before minutes are spent on what could not be kept.
    try backend.checkKeeping()
    let images = try data.images()
    let widths = [images.featureCount] + model.widths + [images.classCount]
    let shapes = ProductShape.ofDenseNetwork(widths: widths, batchSize: batchSize)
    try Console.print(
      "\(widths.map(String.init).joined(separator: "–")), batch \(batchSize), device \(device)")
    var tuner = try ProductTuner(backend)
    try tuner.tune(shapes) { finding in
      let shape = finding.shape
      try Console.print(
        "[\(shape.rows), \(shape.inner)] · [\(shape.inner), \(shape.columns)]  "
          + formatted("%.4f → ", finding.before) + formatted("%.4f ms  ", finding.after)
          + "\(finding.schedule)")
    }
    for (rows, height) in tuner.choices.tileRows.sorted(by: { $0.key < $1.key }) {
      try Console.print("tiles of \(height) rows where there are \(rows)")
    }
    var choices = tuner.choices
    if backend.canJoinPhases {
      let trial = try LaunchTrial(
        DenseOptions.network(widths: widths), on: images.train, batchSize: batchSize,
        backend: backend, choices: choices)
      try Console.print(
        formatted("a step in one launch for several steps  %.4f ms, ", trial.joined)
          + formatted("in launches of its own  %.4f ms", trial.separate)
          + (trial.isSame ? "" : "; they do not compute the same, so it gets its own"))
      choices.joinsPhases = trial.choice(besides: backend.joinsPhasesByDefault)
    }
    let path = try backend.keep(choices, for: shapes)
    let found = choices.isEmpty ? "the defaults are as fast; " : ""
    try Console.print("\(found)kept in \(path)")
  }
}
