import Glibc

/// An error number of the operating system.
package struct SystemError: Error {
  package let code: Int32

  package init(code: Int32) { self.code = code }

  /// The error of the call that just failed.
  package static var last: SystemError { SystemError(code: errno) }

  /// What the error number means, in the system's own words, such as "Permission denied".
  package var reason: String { Self.reason(code) }

  static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
