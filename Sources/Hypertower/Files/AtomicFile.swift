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
    do {
      if let descriptor = try openSpecial(path) {
        try closing(descriptor) { try writeAll(bytes, to: descriptor) }
      } else {
        try replace(resolvingLinks(path), with: bytes)
      }
    } catch let failure as Failure {
      throw InputError(
        .cannotWrite, "\(path): cannot be written: \(SystemError.reason(failure.code))")
    }
  }

  private static let temporaryPrefix = ".hypertower-"
  private static let temporarySuffix = ".tmp"

  /// Whether a file of that name is one that a write was cut off from.
  static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(temporaryPrefix) && name.hasSuffix(temporarySuffix)
  }

  /// An error number of the system.
  private struct Failure: Error {
    var code: Int32

    static var last: Failure { Failure(code: errno) }
  }

  /// A descriptor to write to directly, or nil where `path` is, or shall be, a regular file.
  private static func openSpecial(_ path: String) throws -> Int32? {
    // Opened by name, a standard output that leads to a file would be written from its start
    // again; a duplicate of the descriptor goes on where it stands.
    if let standing = standingDescriptor(path) {
      let descriptor = dup(standing)
      guard descriptor >= 0 else { throw Failure.last }
      return descriptor
    }
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return nil
    case S_IFDIR: throw Failure(code: EISDIR)
    default:
      let descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw Failure.last }
      return descriptor
    }
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
  private static func resolvingLinks(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func replace(_ path: String, with bytes: [UInt8]) throws {
    let folder = folder(of: path)
    var status = stat()
    let isReplacing = stat(path, &status) == 0
    // Renaming over a write-protected file would succeed.
    if isReplacing && access(path, W_OK) != 0 { throw Failure.last }

    let (descriptor, temporary) = try createFile(in: folder)
    do {
      try closing(descriptor) {
        try writeAll(bytes, to: descriptor)
        if isReplacing && fchmod(descriptor, status.st_mode & 0o7777) != 0 { throw Failure.last }
        guard fsync(descriptor) == 0 else { throw Failure.last }
      }
      guard rename(temporary, path) == 0 else { throw Failure.last }
    } catch {
      unlink(temporary)
      throw error
    }
    try synchronize(folder: folder)
  }

  /// The folder that holds `path`, with its trailing slash: "" for the current one.
  private static func folder(of path: String) -> Substring {
    path.lastIndex(of: "/").map { path[...$0] } ?? ""
  }

  /// A new file of a name that nobody else uses, open for writing.
  private static func createFile(in folder: Substring) throws -> (Int32, path: String) {
    while true {
      let unique = String(UInt64.random(in: 0...UInt64.max), radix: 36)
      let path = "\(folder)\(temporaryPrefix)\(unique)\(temporarySuffix)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor >= 0 { return (descriptor, path) }
      guard errno == EEXIST else { throw Failure.last }
    }
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw Failure.last }
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
    guard close(descriptor) == 0 else { throw Failure.last }
  }

  /// Makes a rename in `folder` last through a power cut.
  private static func synchronize(folder: Substring) throws {
    let descriptor = open(folder.isEmpty ? "." : String(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A folder may allow new files but no reading; the file itself is then safe already.
    guard descriptor >= 0 else {
      if errno == EACCES || errno == EPERM { return }
      throw Failure.last
    }
    defer { close(descriptor) }
    // Some file systems cannot synchronize a folder and say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw Failure.last }
  }
}
