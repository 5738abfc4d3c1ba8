import ArgumentParser
import Hypertower

struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Finds the fastest matrix products for a network on an OpenCL device.",
    discussion: """
      What is found is kept in the cache folder and used by later runs on the same device with the \
      same driver; a run's log says so. Nothing else changes it: runs repeat bit by bit until the \
      next `tune`. CLBlast sums in another order than our own kernels, everything else gives the \
      same bits.
      """)

  @OptionGroup var device: DeviceOptions
  @OptionGroup var network: BenchmarkOptions

  func run() throws {
    let network = try network.network()
    let device = try device.device()
    guard let backend = device.backend as? OpenCLBackend else {
      throw Failure(.usage, "tune needs an OpenCL device; this is \(device)")
    }
    try Console.print("\(network.description), device \(device)")
    var tuner = ProductTuner(backend)
    try tuner.tune(network.products) { finding in
      let shape = finding.shape
      try Console.print(
        "[\(shape.rows), \(shape.inner)] · [\(shape.inner), \(shape.columns)]  "
          + formatted("%.4f → ", finding.before) + formatted("%.4f ms  ", finding.after)
          + "\(finding.schedule)")
    }
    for (rows, height) in tuner.choices.tileRows.sorted(by: { $0.key < $1.key }) {
      try Console.print("tiles of \(height) rows where there are \(rows)")
    }
    if tuner.choices.isEmpty { return try Console.print("the defaults are as fast") }
    try Console.print("kept in \(try backend.keep(tuner.choices))")
  }
}
