import Glibc

/// An exclusive lock on an open file or folder, whose descriptor it closes.
///
/// Two locks exclude each other within one process, too.
package final class FileLock {
  package let descriptor: Int32
  /// Why the file system cannot lock; nil if the lock is held.
  package let obstacle: String?

  /// Somebody else holds the lock.
  package struct HeldElsewhere: Error {}

  /// Locks what is open at `descriptor`.
  ///
  /// Some network file systems have no locks. `obstacle` then says so, and nobody is excluded.
  ///
  /// - Throws: `HeldElsewhere`; the descriptor is closed then.
  package init(descriptor: Int32) throws(HeldElsewhere) {
    self.descriptor = descriptor
    var code: Int32 = 0
    repeat {
      code = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno
    } while code == EINTR
    obstacle = code == 0 ? nil : SystemError.reason(code)
    // The descriptor is closed by deinit.
    if code == EWOULDBLOCK { throw HeldElsewhere() }
  }

  deinit {
    // A child that another thread forks has the descriptor too until it executes something, and
    // closing it here would leave the lock with the child.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  /// A warning that nothing keeps other runs from writing to `path`; nil if the lock is held.
  package func warning(for path: String) -> String? {
    obstacle.map {
      "\(path): this file system cannot lock files (\($0)); make sure that no other run writes there"
    }
  }
}

extension FileLock {
  /// Whether somebody else holds the lock of the folder at `path`.
  package static func isFolderHeld(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    do {
      _ = try FileLock(descriptor: descriptor)
      return false
    } catch {
      return true
    }
  }

  /// The lock of the folder at `path`, which another process may hold.
  ///
  /// - Parameter contents: what is written there, for the message.
  /// - Throws: `InputError`.
  package static func ofFolder(_ path: String, for contents: String) throws -> FileLock {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw InputError(
        .missingInput, "\(path): the folder cannot be opened: \(SystemError.last.reason)")
    }
    do {
      return try FileLock(descriptor: descriptor)
    } catch {
      throw InputError(
        .cannotWrite,
        "\(path): another run writes \(contents) into this folder; choose another one")
    }
  }
}
