import Glibc

/// The operating system's own words for its error numbers.
enum SystemError {
  /// What `errno` value `code` means, such as "Permission denied".
  static func reason(_ code: Int32) -> String {
    String(cString: strerror(code))
  }
}
