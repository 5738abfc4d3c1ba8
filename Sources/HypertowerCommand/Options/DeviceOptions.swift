import ArgumentParser
import Hypertower

struct DeviceOptions: ParsableArguments {
  @Option(
    name: .customLong("device"),
    help: ArgumentHelp(
      "Where to compute: opencl:N as `hypertower devices` lists them, gpu, cpu, or cpu64 (float64).",
      discussion: "Without it a GPU, else an OpenCL device of another kind, else cpu.",
      valueName: "name"))
  var name: String?

  @Flag(help: "Give every operation a launch of its own: slower, to find faults.")
  var noFusion = false

  /// The device that was asked for, or the best there is.
  func device() throws -> Device {
    var device =
      if let name {
        try Device.named(name, warn: { Console.warn($0) })
      } else {
        try Device.preferred(warn: { Console.warn($0) })
      }
    device.fuses = !noFusion
    return device
  }

  /// The same device, which measures every launch.
  func device(isTimed: Bool) throws -> Device {
    var device = try Device.named(
      name ?? Device.preferred(warn: { Console.warn($0) }).name, isTimed: isTimed,
      warn: { Console.warn($0) })
    device.fuses = !noFusion
    return device
  }
}
