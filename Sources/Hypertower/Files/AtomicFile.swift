import Glibc

/// Writes files so that whoever looks sees the old contents or the new, never a part.
package enum AtomicFile {
  /// Replaces the file at `path` by `bytes`.
  ///
  /// The bytes go to a new file in the same folder, onto the disk, and under the name `path` at
  /// once. A link is followed and stays; a file that is replaced hands on its permissions. What is
  /// no regular file (`/dev/stdout`, `/dev/null`, a pipe) is written to directly.
  ///
  /// - Parameter isGivenUp: whether to wait no longer for the reader of a pipe.
  /// - Throws: `InputError` of kind `.cannotWrite`; the old file is then as it was. `OpenFile.GivenUp`.
  package static func write(
    _ bytes: [UInt8], to path: String, isGivenUp: () -> Bool = { false }
  ) throws {
    try namingFaults(path) {
      if let descriptor = try openSpecial(path, isGivenUp: isGivenUp) {
        try closing(descriptor) {
          try OpenFile.writeAll(bytes, to: descriptor, isGivenUp: isGivenUp)
        }
      } else {
        let target = try resolvingLinks(path)
        try replace(target, with: bytes, by: TemporaryFile(in: folder(of: target)))
      }
    }
  }

  /// Whether a regular file is at `path`, or a new file there would be one.
  ///
  /// - Throws: `SystemError` for a folder.
  package static func isRegular(_ path: String) throws -> Bool {
    if OpenFile.descriptor(named: path) != nil { return false }
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
  private static func openSpecial(_ path: String, isGivenUp: () -> Bool) throws -> Int32? {
    if try isRegular(path) { return nil }
    // Opened by name, a standard output that leads to a file would be written from its start
    // again; a duplicate of the descriptor goes on where it stands.
    guard let standing = OpenFile.descriptor(named: path) else {
      return try OpenFile.openSpecial(path, isGivenUp: isGivenUp)
    }
    let descriptor = dup(standing)
    guard descriptor >= 0 else { throw SystemError.last }
    return descriptor
  }

  /// The path without links at which a file is that `path` leads to, or will be once it is made, so
  /// that replacing it leaves links in place.
  ///
  /// - Throws: `SystemError` for links that lead in a circle.
  package static func resolvingLinks(_ path: String) throws -> String {
    if let resolved = realpath(path, nil) {
      defer { free(resolved) }
      return String(cString: resolved)
    }
    var path = path
    for _ in 0..<mostLinks {
      guard let target = link(at: path) else { return path }
      path = target.hasPrefix("/") ? target : folder(of: path) + target
    }
    throw SystemError(code: ELOOP)
  }

  /// As many links in a row the system follows, too.
  private static let mostLinks = 40

  /// Where the link at `path` leads; nil if there is no link.
  private static func link(at path: String) -> String? {
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = target.withUnsafeMutableBytes {
      readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return count < 0 ? nil : String(decoding: target[..<count], as: UTF8.self)
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
  package static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
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
