import Glibc
internal import OpenCL

/// A new file in the folder of another one, whose place it takes once it is whole.
///
/// It stays locked as long as its owner lives, which tells it from what a killed process has left.
package final class TemporaryFile {
  private let path: String
  private let lock: FileLock
  private var isInPlace = false

  private static let prefix = ".hypertower-"
  private static let suffix = ".tmp"

  /// Somebody else has reserved the target.
  struct IsReserved: Error {}

  /// A temporary file of a name that nobody else uses.
  ///
  /// - Parameter folder: ends in a slash, or is empty for the current folder.
  /// - Throws: `SystemError`.
  init(in folder: String) throws {
    while true {
      let unique = String(UInt64.random(in: 0...UInt64.max), radix: 36)
      let path = Self.path(folder, unique)
      // Somebody who tidies up may take the file for a leftover before it is locked.
      guard let lock = try Self.openLocked(path, O_EXCL) else { continue }
      (self.path, self.lock) = (path, lock)
      return
    }
  }

  /// The one temporary file of `target`, a path without links. As long as it lives, nobody else gets
  /// it.
  ///
  /// - Throws: `IsReserved`; `SystemError`.
  init(reserving target: String) throws {
    let folder = AtomicFile.folder(of: target)
    // A hash, because the target's own name may be as long as names can be.
    let name = String(fnv1a64(target.dropFirst(folder.count).utf8), radix: 16)
    let path = Self.path(folder, name)
    for _ in 0..<20 {
      if let lock = try Self.openLocked(path, 0) {
        (self.path, self.lock) = (path, lock)
        return
      }
      // Somebody who tidies up holds it for a moment only.
      usleep(10_000)
    }
    throw IsReserved()
  }

  private static func path(_ folder: String, _ name: String) -> String {
    folder + prefix + name + suffix
  }

  /// Opens a temporary file and locks it; nil if another process has it or just removed it.
  ///
  /// - Throws: `SystemError`.
  private static func openLocked(_ path: String, _ flags: Int32) throws -> FileLock? {
    let descriptor = open(path, openFlags | O_CREAT | flags, 0o666)
    guard descriptor >= 0 else {
      if errno == EEXIST { return nil }
      throw SystemError.last
    }
    guard let lock = try? FileLock(descriptor: descriptor) else { return nil }
    guard OpenFile.isRegular(descriptor) else { throw SystemError(code: EEXIST) }
    return isAt(path, descriptor) ? lock : nil
  }

  /// For temporary files alone: no link is followed, and no pipe waited for.
  private static let openFlags = O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC

  /// Whether what is open still has its name.
  private static func isAt(_ path: String, _ descriptor: Int32) -> Bool {
    var (opened, named) = (stat(), stat())
    return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0
      && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  /// Why no file can be made in a folder; nil if one can be.
  ///
  /// - Parameter folder: ends in a slash, or is empty for the current folder.
  package static func obstacle(in folder: String) -> SystemError? {
    do {
      _ = try TemporaryFile(in: folder)
      return nil
    } catch {
      return error as? SystemError
    }
  }

  /// Whether a file of that name is a temporary one, which whoever tidies up may remove.
  package static func isName(_ name: some StringProtocol) -> Bool {
    name.hasPrefix(prefix) && name.hasSuffix(suffix)
  }

  deinit {
    if !isInPlace { unlink(path) }
  }

  /// A warning for the user if nothing keeps other processes away; nil otherwise.
  func warning(for target: String) -> String? { lock.warning(for: target) }

  /// Puts `bytes` in the place of `target`, with the permissions of the file there, if there is one.
  ///
  /// - Throws: `SystemError`; what was there is then as it was.
  func replace(_ target: String, with bytes: [UInt8]) throws {
    var status = stat()
    let isReplacing = stat(target, &status) == 0
    // Renaming over a write-protected file would succeed.
    if isReplacing && access(target, W_OK) != 0 { throw SystemError.last }
    let descriptor = lock.descriptor
    // A killed process may have left a part of what it wrote.
    guard ftruncate(descriptor, 0) == 0 else { throw SystemError.last }
    try OpenFile.writeAll(bytes, to: descriptor)
    if isReplacing && fchmod(descriptor, status.st_mode & 0o7777) != 0 { throw SystemError.last }
    guard fsync(descriptor) == 0 else { throw SystemError.last }
    guard rename(path, target) == 0 else { throw SystemError.last }
    isInPlace = true
  }

  // MARK: Leftovers

  /// Removes what killed processes have left in a folder.
  ///
  /// - Parameter folder: ends in a slash, or is empty for the current folder.
  package static func removeLeftovers(in folder: String) {
    guard let names = try? FolderReader.names(in: folder.isEmpty ? "." : folder) else { return }
    for name in names where isName(name) {
      let path = folder + name
      let descriptor = open(path, openFlags)
      guard descriptor >= 0, let lock = try? FileLock(descriptor: descriptor) else { continue }
      // Without locks nobody can tell whether it is still written; and since it was opened, its name
      // may have gone to another run's file.
      if lock.obstacle == nil && OpenFile.isRegular(descriptor) && isAt(path, descriptor) {
        unlink(path)
      }
    }
  }
}
