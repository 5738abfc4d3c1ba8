import Glibc

/// What is open, or is another name of something open: descriptors, pipes, and terminals.
package enum OpenFile {
  /// Nobody reads, and whoever writes was not to wait any longer.
  package struct GivenUp: Error {}

  /// The number of the open descriptor that `path` is another name of, such as 1 for `/dev/stdout`;
  /// nil for all other paths.
  package static func descriptor(named path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return STDOUT_FILENO
    case "/dev/stderr": return STDERR_FILENO
    default:
      for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
        return Int32(path.dropFirst(folder.count))
      }
      return nil
    }
  }

  /// Standard output or standard error, if `path` leads to where it goes, by whatever name.
  ///
  /// `/dev/null` and its kin keep nothing that could be mixed up, and count for neither.
  package static func standardDescriptor(at path: String) -> Int32? {
    [STDOUT_FILENO, STDERR_FILENO].first { descriptor in
      if Self.descriptor(named: path) == descriptor { return true }
      var (open, named) = (stat(), stat())
      guard fstat(descriptor, &open) == 0, stat(path, &named) == 0 else { return false }
      let keepsNothing = open.st_mode & S_IFMT == S_IFCHR && isatty(descriptor) == 0
      return !keepsNothing && open.st_dev == named.st_dev && open.st_ino == named.st_ino
    }
  }

  /// Opens what is no regular file for writing, and waits for the reader of a named pipe.
  ///
  /// - Parameter isGivenUp: whether to wait no longer.
  /// - Throws: `SystemError`; `GivenUp`.
  package static func openSpecial(
    _ path: String, isGivenUp: () -> Bool = { false }
  ) throws -> Int32 {
    while true {
      let descriptor = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
      if descriptor >= 0 { return descriptor }
      let error = SystemError.last
      var status = stat()
      let isPipe = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
      guard error.code == EINTR || (error.code == ENXIO && isPipe) else { throw error }
      if isGivenUp() { throw GivenUp() }
      usleep(50_000)
    }
  }

  /// Writes all of `bytes`.
  ///
  /// - Parameter isGivenUp: whether to wait no longer for a pipe or a terminal that has taken nothing
  ///   for a second.
  /// - Throws: `SystemError`; `GivenUp`.
  package static func writeAll(
    _ bytes: [UInt8], to descriptor: Int32, isGivenUp: () -> Bool = { false }
  ) throws {
    let mayBlock = !isRegular(descriptor)
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        var part = rest
        if mayBlock {
          try waitForRoom(descriptor, isGivenUp)
          part = rest.prefix(Self.roomOfPipe)
        }
        let count = write(
          descriptor, UnsafeRawBufferPointer(rebasing: part).baseAddress, part.count)
        if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
        guard count >= 0 else { throw SystemError.last }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Whether a descriptor is of a regular file, which never makes a writer wait.
  package static func isRegular(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// As many bytes a pipe takes at once when `poll` says that it can be written to: POSIX's PIPE_BUF.
  private static let roomOfPipe = 4096

  private static func waitForRoom(_ descriptor: Int32, _ isGivenUp: () -> Bool) throws {
    var waits = 0
    while true {
      var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      // Whatever else there is to know of the descriptor, the attempt to write tells.
      if poll(&state, 1, 100) != 0 { return }
      waits += 1
      if waits >= 10 && isGivenUp() { throw GivenUp() }
    }
  }
}
