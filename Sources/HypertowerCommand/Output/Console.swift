import Glibc
import Hypertower
import Synchronization

/// The program's standard output and standard error.
///
/// A reader that goes away, as in `| head`, ends no run: what follows is written to nobody.
enum Console {
  private static let silence = Atomic(false)

  private static let bar = Atomic(false)

  /// Whether the line of standard error that the cursor is in has a progress bar, which is drawn again later.
  static var isOnBar: Bool {
    get { bar.load(ordering: .relaxed) }
    set { bar.store(newValue, ordering: .relaxed) }
  }

  /// What clears the line that the cursor is in.
  static let lineStart = "\r\u{1B}[K"

  /// Whether nothing is written: of several ranks one speaks.
  static var isSilent: Bool {
    get { silence.load(ordering: .relaxed) }
    set { silence.store(newValue, ordering: .relaxed) }
  }

  /// Makes the standard descriptors safe to write to. Call it first of all.
  ///
  /// Those that are closed lead to `/dev/null`: otherwise the next file that is opened would get
  /// their number, and messages would be written into it.
  static func prepare() {
    while true {
      let descriptor = open("/dev/null", O_RDWR)
      if descriptor > STDERR_FILENO { close(descriptor) }
      if descriptor > STDERR_FILENO || descriptor < 0 { break }
    }
    // What a write meets, a reader that is gone or a limit on files' sizes, is its own error then.
    // Blocked, not ignored: drivers install handlers of their own.
    var ofWrites = sigset_t()
    sigemptyset(&ofWrites)
    sigaddset(&ofWrites, SIGPIPE)
    sigaddset(&ofWrites, SIGXFSZ)
    pthread_sigmask(SIG_BLOCK, &ofWrites, nil)
  }

  /// Writes a line to standard output.
  ///
  /// - Throws: `InputError(.cannotWrite)`, as when the disk behind it is full.
  static func print(_ line: String) throws { try write(line + "\n") }

  /// Writes text to standard output, at once.
  ///
  /// - Throws: as `print` does.
  static func write(_ text: String) throws {
    if isSilent { return }
    do {
      try writeAll(Array(text.utf8), to: STDOUT_FILENO, name: "standard output")
    } catch is ReaderIsGone {
      silence(STDOUT_FILENO)
    }
  }

  /// Writes a line about what the user should know to standard error.
  static func warn(_ line: String) {
    note("\(isOnBar ? lineStart : "")hypertower: \(line)\n")
    isOnBar = false
  }

  /// Writes text to standard error, if it can be written there.
  static func note(_ text: String) {
    if isSilent { return }
    do {
      try writeAll(Array(text.utf8), to: STDERR_FILENO, name: "standard error")
    } catch is ReaderIsGone {
      silence(STDERR_FILENO)
    } catch is Failure {
      silence(STDERR_FILENO)
    } catch {
      // There is nowhere to tell it.
    }
  }

  private static func silence(_ descriptor: Int32) {
    let nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC)
    guard nowhere >= 0 else { return }
    dup2(nowhere, descriptor)
    close(nowhere)
  }

  /// Whether standard error is a terminal on which a line can be drawn again and again.
  static var errorIsTerminal: Bool {
    guard isatty(STDERR_FILENO) == 1, let name = getenv("TERM") else { return false }
    return !["", "dumb"].contains(String(cString: name))
  }

  /// The number of columns of the terminal behind standard error.
  static var errorWidth: Int { width(of: STDERR_FILENO) }

  /// The number of columns of the terminal behind standard output; nil if it is none.
  static var outputWidth: Int? { isatty(STDOUT_FILENO) == 1 ? width(of: STDOUT_FILENO) : nil }

  private static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}

/// Nobody reads any more what is written to a pipe or a terminal.
struct ReaderIsGone: Error {}

/// Writes all of `bytes` to a descriptor.
///
/// - Throws: `ReaderIsGone`; a `Failure` if a signal ends the run while nobody reads; else
///   `InputError(.cannotWrite)` with `name` and the system's reason.
func writeAll(_ bytes: [UInt8], to descriptor: Int32, name: String) throws {
  do {
    try Interruption.whileWaiting(for: name) {
      try OpenFile.writeAll(bytes, to: descriptor) { Interruption.isRequested }
    }
  } catch let error as SystemError {
    if error.code == EPIPE || (error.code == EIO && isDevice(descriptor)) { throw ReaderIsGone() }
    throw cannotWrite(name, error)
  }
}

/// Whether a descriptor is of a device, as a terminal is, also once it was closed.
private func isDevice(_ descriptor: Int32) -> Bool {
  var status = stat()
  return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
}

/// The error for a write that failed; by default, that of the call just made.
func cannotWrite(_ name: String, _ error: SystemError = .last) -> InputError {
  InputError(.cannotWrite, "\(name): cannot be written: \(error.reason)")
}
