import Hypertower

extension Device {
  static func preferred(warn: (String) -> Void) throws -> Device {
    warn("stub")
    return .cpu
  }
  static func named(_ text: String) throws -> Device {
    switch text {
    case "cpu": return .cpu
    case "cpu64": return .cpu64
    case "gpu": throw InputError(.noDevice, "no gpu")
    default:
      if text.hasPrefix("opencl:") { throw InputError(.noDevice, "no opencl device") }
      throw InputError(.usage, "unknown device '\(text)'")
    }
  }
}
