import ArgumentParser
import Collectives
import Hypertower

struct DeviceOptions: ParsableArguments {
  @Option(
    name: .customLong("device"),
    help: ArgumentHelp(
      "Where to compute: opencl:N as `hypertower devices` lists them, gpu, cpu, or cpu64 (float64).",
      discussion:
        "Without it a GPU, of several each rank under mpirun its own, else an OpenCL device of another kind, else cpu.",
      valueName: "name"), completion: .list(["cpu", "cpu64", "gpu", "opencl:0"]))
  var name: String?

  @Flag(help: "Give every operation a launch of its own: slower, to find faults.")
  var noFusion = false

  /// The device that was asked for, or the best one.
  ///
  /// - Parameter isTimed: whether an OpenCL device measures every launch.
  func device(isTimed: Bool = false) throws -> Device {
    let warn: @Sendable (String) -> Void = { Console.warn($0) }
    var device =
      if let name {
        try Device.named(name, isTimed: isTimed, warn: warn)
      } else {
        try Device.preferred(
          isTimed: isTimed, rank: MPIImplementation.localRank ?? 0, warn: warn)
      }
    device.fuses = !noFusion
    return device
  }
}
