import Glibc

/// Writes files so that whoever looks sees the old contents or the new, never a part.
package enum AtomicFile {
  /// Replaces the file at `path` by `bytes`.
  ///
  /// The bytes go to a new file in the same folder, onto the disk, and under the name `path` at
  /// once. A link is followed and stays; a file that is replaced hands on its permissions. What is
  /// no regular file (`/dev/stdout`, `/dev/null`, a pipe) is written to directly.
  ///
  /// - Throws: `InputError` of kind `.cannotWrite`; the old file is then as it was.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    try namingFaults(path) {
      if let descriptor = try openSpecial(path) {
        try closing(descriptor) { try writeAll(bytes, to: descriptor) }
      } else {
        let target = resolvingLinks(path)
        try replace(target, with: bytes, by: TemporaryFile(in: folder(of: target)))
      }
    }
  }

  /// Whether a regular file is at `path`, or a new file there would be one.
  ///
  /// - Throws: `SystemError` for a folder.
  static func isRegular(_ path: String) throws -> Bool {
    if standingDescriptor(path) != nil { return false }
    var status = stat()
    guard stat(path, &status) == 0 else {
      // Only the attempt to write tells what else is wrong.
      if path.hasSuffix("/") { throw SystemError(code: EISDIR) }
      return true
    }
    if status.st_mode & S_IFMT == S_IFDIR { throw SystemError(code: EISDIR) }
    return status.st_mode & S_IFMT == S_IFREG
  }

  /// Runs `body`; a system error becomes one that names the file.
  static func namingFaults(_ path: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as SystemError {
      throw InputError(.cannotWrite, "\(path): cannot be written: \(error.reason)")
    }
  }

  /// A descriptor to write to directly, or nil where `path` is, or shall be, a regular file.
  private static func openSpecial(_ path: String) throws -> Int32? {
    if try isRegular(path) { return nil }
    // Opened by name, a standard output that leads to a file would be written from its start
    // again; a duplicate of the descriptor goes on where it stands.
    let descriptor =
      standingDescriptor(path).map { dup($0) } ?? open(path, O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SystemError.last }
    return descriptor
  }

  /// The number of the open descriptor that `path` is another name of.
  private static func standingDescriptor(_ path: String) -> Int32? {
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

  /// The file that `path` leads to, so that replacing it leaves a link in place.
  static func resolvingLinks(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Puts `bytes` at `target`, a path without links, and makes that last.
  ///
  /// - Throws: `SystemError`.
  static func replace(
    _ target: String, with bytes: [UInt8], by temporary: TemporaryFile
  ) throws {
    try temporary.replace(target, with: bytes)
    try synchronize(folder: folder(of: target))
  }

  /// The folder that holds `path`, with its trailing slash: "" for the current one.
  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw SystemError.last }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Runs `body`, then closes `descriptor`, which may report a write that failed late.
  private static func closing(_ descriptor: Int32, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch {
      close(descriptor)
      throw error
    }
    guard close(descriptor) == 0 else { throw SystemError.last }
  }

  /// Makes a rename in `folder` last through a power cut.
  private static func synchronize(folder: String) throws {
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A folder may allow new files but no reading; the file itself is then safe already.
    guard descriptor >= 0 else {
      if errno == EACCES || errno == EPERM { return }
      throw SystemError.last
    }
    defer { close(descriptor) }
    // Some file systems cannot synchronize a folder and say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw SystemError.last }
  }
}
