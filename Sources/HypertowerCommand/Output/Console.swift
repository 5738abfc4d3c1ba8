import Glibc
import Hypertower

/// The program's standard output and standard error.
enum Console {
  /// Writes a line to standard output.
  ///
  /// - Throws: `InputError(.cannotWrite)`, as when the disk behind it is full.
  static func print(_ line: String) throws {
    try writeAll(Array((line + "\n").utf8), to: STDOUT_FILENO, name: "standard output")
  }

  /// Writes a line about what the user should know to standard error.
  static func warn(_ line: String) {
    note("hypertower: \(line)\n")
  }

  /// Writes text to standard error, which may not be there.
  static func note(_ text: String) {
    try? writeAll(Array(text.utf8), to: STDERR_FILENO, name: "standard error")
  }

  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// The number of columns of the terminal behind standard error.
  static var errorWidth: Int {
    var size = winsize()
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

/// Writes all of `bytes` to a descriptor.
///
/// - Throws: `InputError(.cannotWrite)` with `name` and the system's reason.
func writeAll(_ bytes: [UInt8], to descriptor: Int32, name: String) throws {
  try bytes.withUnsafeBytes { buffer in
    var rest = buffer[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw cannotWrite(name) }
      rest = rest.dropFirst(count)
    }
  }
}

/// The error for a write that just failed.
func cannotWrite(_ name: String) -> InputError {
  InputError(.cannotWrite, "\(name): cannot be written: \(String(cString: strerror(errno)))")
}
