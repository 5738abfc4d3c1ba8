internal import OpenCL

/// Where programs run.
public struct Device: CustomStringConvertible {
  /// How the device is named on the command line: `cpu`, `cpu64`, `opencl:0`.
  public let name: String
  package let backend: any Backend
  /// Whether operations are put together into launches; off, each is one of its own, to find faults.
  package var fuses = true
  /// The greatest number of bytes of features, targets, or a further column that are kept on the device.
  package let residentLimit: Int

  /// - Parameter residentLimit: default: the size of the largest array, at most half of the memory.
  package init(name: String, backend: any Backend, residentLimit: Int? = nil) {
    self.name = name
    self.backend = backend
    self.residentLimit = residentLimit ?? min(backend.largestArray, backend.memorySize / 2)
  }

  /// Whether the device keeps a copy of a data set; if not, batches are sent to it while it computes.
  package func keeps(_ dataset: Dataset) -> Bool {
    DeviceDataset.fits(dataset, on: backend, limit: residentLimit)
  }

  /// The same device, to which the batches of all data sets are sent.
  package var keepingNoData: Device {
    var device = Device(name: name, backend: backend, residentLimit: 0)
    device.fuses = fuses
    return device
  }

  /// The CPU backend in float32.
  public static var cpu: Device { Device(name: "cpu", backend: CPUBackend<Float>()) }
  /// The CPU backend in float64.
  public static var cpu64: Device { Device(name: "cpu64", backend: CPUBackend<Double>()) }

  /// The name and what stands behind it.
  public var description: String { "\(name): \(backend.description)" }

  /// The versions of the device's driver and platform; nil for the CPU backend.
  package var driver: String? {
    (backend as? OpenCLBackend).map { backend in
      let device = backend.context.device
      return "\(device.driverVersion), \(device.version), \(device.platformVersion)"
    }
  }

  /// The number of processor cores that the device's driver uses; nil for a device that is none.
  package var coreCount: Int? {
    guard let backend = backend as? OpenCLBackend else { return 1 }
    let device = backend.context.device
    return device.kind == .cpu ? device.computeUnits : nil
  }

  /// What tuning has found for the device and a run uses, in words; nil for the CPU backend.
  package var tuning: String? { (backend as? OpenCLBackend)?.choices.summary }
}
