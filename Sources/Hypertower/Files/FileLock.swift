import Glibc

/// An exclusive lock on an open file or folder, which it closes.
package final class FileLock {
  package let descriptor: Int32

  /// Locks what is open at `descriptor`; nil if another has locked it, and then closes it.
  package init?(descriptor: Int32) {
    self.descriptor = descriptor
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { return nil }
  }

  deinit {
    // A child that another thread forks has the descriptor too until it executes something, and
    // closing it here would leave the lock with the child.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
