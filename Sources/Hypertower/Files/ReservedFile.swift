import Glibc

/// A file that is written at the end of a run, and whose place is reserved from its beginning.
///
/// What is no regular file (`/dev/stdout`, `/dev/null`, a pipe) is written to directly and cannot be
/// reserved.
package final class ReservedFile {
  package let path: String
  private let target: String
  private var temporary: TemporaryFile?

  /// Reserves the place, and removes what killed processes have left beside it.
  ///
  /// - Throws: `InputError(.cannotWrite)` if the file cannot be written or another process has
  ///   reserved it.
  package init(_ path: String) throws {
    self.path = path
    do {
      target = try AtomicFile.resolvingLinks(path)
      guard !path.isEmpty else { throw SystemError(code: ENOENT) }
      guard try AtomicFile.isRegular(path) else { return }
      if access(path, F_OK) == 0 && access(path, W_OK) != 0 { throw SystemError.last }
      TemporaryFile.removeLeftovers(in: AtomicFile.folder(of: target))
      temporary = try TemporaryFile(reserving: target)
    } catch let error as SystemError {
      throw InputError(.cannotWrite, "\(path): cannot be written: \(error.reason)")
    } catch is TemporaryFile.IsReserved {
      throw InputError(
        .cannotWrite,
        "\(path): another run will write this file; wait for it, or give another name")
    }
  }

  /// A warning for the user if nothing keeps other processes away; nil otherwise.
  package var warning: String? { temporary?.warning(for: path) }

  /// Puts `bytes` there at once, as `AtomicFile.write` does, and ends the reservation.
  ///
  /// - Parameter isGivenUp: whether to wait no longer for the reader of a pipe.
  /// - Throws: `InputError(.cannotWrite)`; what was there is then as it was. `OpenFile.GivenUp`.
  package func write(_ bytes: [UInt8], isGivenUp: () -> Bool = { false }) throws {
    guard let temporary else {
      return try AtomicFile.write(bytes, to: path, isGivenUp: isGivenUp)
    }
    try AtomicFile.namingFaults(path) { try AtomicFile.replace(target, with: bytes, by: temporary) }
    self.temporary = nil
  }
}
