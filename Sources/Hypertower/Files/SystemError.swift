import Glibc

/// An error number of the operating system.
struct SystemError: Error {
  let code: Int32

  /// The error of the call that just failed.
  static var last: SystemError { SystemError(code: errno) }

  /// What the error number means, in the system's own words, such as "Permission denied".
  var reason: String { Self.reason(code) }

  static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
