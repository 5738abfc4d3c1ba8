import Glibc

/// A temporary file without a name, which the system removes with its last user, however that ends.
///
/// It is written from its start to its end and then mapped.
package final class ScratchFile {
  private let name: String
  private let folder: String
  /// nil: it was handed on.
  private var descriptor: Int32?
  private var size = 0

  /// Where temporary files of data are made: the environment variable TMPDIR, or /var/tmp; /tmp often lies in memory.
  package static var folder: String {
    if let folder = getenv("TMPDIR").map({ String(cString: $0) }), !folder.isEmpty {
      return folder
    }
    return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp"
  }

  /// - Parameters:
  ///   - folder: on a disk.
  ///   - name: what error messages call the data.
  ///   - expectedSize: the number of bytes that there will be, or about it; they are reserved.
  /// - Throws: `InputError(.cannotWrite)` if no file can be made, or the disk has no room for it.
  package init(in folder: String, for name: String, expectedSize: Int) throws {
    (self.name, self.folder) = (name, folder)
    var descriptor: Int32 = -1
    repeat {
      let path = "\(folder)/.hypertower-\(String(UInt64.random(in: 0...UInt64.max), radix: 36)).tmp"
      descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
      if descriptor >= 0 { unlink(path) }
    } while descriptor < 0
      && (errno == EEXIST || errno == EINTR || errno == EMFILE && Self.allowsMoreFiles())
    guard descriptor >= 0 else {
      let remedy =
        errno == EMFILE
        ? "raise the limit on open files (ulimit -n)"
        : "set TMPDIR to a folder on a disk with room for it"
      throw InputError(
        .cannotWrite,
        "\(name): is larger than may lie in memory, and no temporary file can be made for it in the folder "
          + "\(folder): \(SystemError.last.reason): \(remedy)")
    }
    self.descriptor = descriptor
    guard expectedSize > 0 else { return }
    // Where a file system cannot reserve, as an old NFS, the C library writes to each block, which takes time.
    let error = posix_fallocate(descriptor, 0, off_t(expectedSize))
    guard error == ENOSPC || error == EFBIG || error == EDQUOT else { return }
    throw Self.fault(name, folder, "\(expectedSize) bytes are needed", SystemError(code: error))
  }

  /// Raises the limit on open files to the greatest that this process may set, and returns whether it was lower: a
  /// table may have a file for each of a thousand columns.
  private static func allowsMoreFiles() -> Bool {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return false }
    limit.rlim_cur = limit.rlim_max
    return setrlimit(resource, &limit) == 0
  }

  deinit { if let descriptor { close(descriptor) } }

  /// Adds bytes at the end.
  ///
  /// - Throws: `InputError(.cannotWrite)`, as on a full disk.
  package func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
      let count = Glibc.write(descriptor!, start, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else {
        throw Self.fault(name, folder, "\(size) bytes are written", .last)
      }
      size += count
      rest = rest.dropFirst(count)
    }
  }

  /// The file with what was written; nothing may be written afterwards.
  ///
  /// - Throws: `InputError` if it cannot be mapped.
  package func mapped() throws -> MappedFile {
    let own = descriptor!
    guard ftruncate(own, off_t(size)) == 0 else {
      throw Self.fault(name, folder, "\(size) bytes are written", .last)
    }
    descriptor = nil
    return try MappedFile(descriptor: own, path: name, temporaryFolder: folder)
  }

  private static func fault(
    _ name: String, _ folder: String, _ what: String, _ error: SystemError
  ) -> InputError {
    InputError(
      .cannotWrite,
      "\(name): is larger than may lie in memory, and the temporary file for it in the folder \(folder) cannot "
        + "grow (\(what)): \(error.reason): free room there, or set TMPDIR to a folder on a larger disk"
    )
  }
}
