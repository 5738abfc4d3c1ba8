import Collectives
import Glibc
import Hypertower
import OpenCL

/// The program's exit statuses: those of `sysexits.h`, and one for numbers that are not finite.
enum ExitStatus: Int32 {
  case diverged = 3
  case usage = 64
  case badData = 65
  case missingInput = 66
  case noDevice = 69
  case kernelBuild = 70
  case memory = 71
  case cannotWrite = 73
  case hungUp = 129
  case interrupted = 130
  case terminated = 143
}

/// How the program ends when something went wrong.
struct Failure: Error {
  let status: ExitStatus
  let message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  /// Whether the user has ended the program.
  var isInterruption: Bool { [.interrupted, .terminated, .hungUp].contains(status) }

  /// The way to end for an error that a command threw; nil for those of the argument parser,
  /// which knows how to tell them.
  init?(_ error: any Error) {
    switch error {
    case let failure as Failure: self = failure
    case let error as InputError: self.init(ExitStatus(error.kind), error.message)
    case let error as DivergenceError: self.init(.diverged, error.description)
    case let error as OpenCLError: self.init(ExitStatus(error), error.description)
    case let error as DriverCacheError: self.init(.noDevice, error.description)
    case let error as RankError: self.init(.noDevice, error.description)
    default: return nil
    }
  }
}

extension ExitStatus {
  /// The status of a program that a signal has ended.
  init(signal: Int32) {
    self =
      switch signal {
      case SIGHUP: .hungUp
      case SIGINT: .interrupted
      default: .terminated
      }
  }

  init(_ kind: InputError.Kind) {
    self =
      switch kind {
      case .usage: .usage
      case .badData: .badData
      case .missingInput: .missingInput
      case .noDevice: .noDevice
      case .memory: .memory
      case .cannotWrite: .cannotWrite
      case .notFinite: .diverged
      }
  }

  init(_ error: OpenCLError) {
    if error.isOutOfMemory {
      self = .memory
    } else if error.isBuildFailure {
      self = .kernelBuild
    } else if error.name == "CL_PLATFORM_NOT_FOUND_KHR" || error.name == "CL_DEVICE_NOT_FOUND"
      || error.isDeviceLoss
    {
      self = .noDevice
    } else {
      // Whatever else a driver refuses concerns a kernel or how it was started.
      self = .kernelBuild
    }
  }
}
