internal import Glibc

/// A file that lies in memory as it is on disk, read-only, as long as this object is there.
///
/// `@unchecked Sendable`: nothing changes after `init`, and the memory is only read.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  /// The number of bytes when the file was opened.
  package let size: Int
  /// Where the file lies, if it is a temporary one; nil: it is the user's.
  package let temporaryFolder: String?
  /// Of the user's file, which may be cut short; a temporary one is closed, so that there may be many.
  private let descriptor: Int32?
  private let base: UnsafeMutableRawPointer?

  /// - Throws: `InputError` of kind `.missingInput` when the file is not there or cannot be mapped, as a pipe.
  package convenience init(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileReader.failure(path, errno) }
    try self.init(descriptor: descriptor, path: path)
  }

  /// What is open, whose descriptor this object closes at its end, or if it throws, or at once of a temporary file.
  ///
  /// - Parameters:
  ///   - path: what error messages call the file.
  ///   - temporaryFolder: where it lies, if it is a temporary file.
  /// - Throws: `InputError`, as `init(_:)`.
  package init(descriptor: Int32, path: String, temporaryFolder: String? = nil) throws {
    do {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw FileReader.failure(path, errno) }
      guard status.st_mode & S_IFMT != S_IFDIR else { throw FileReader.failure(path, EISDIR) }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw InputError(
          .missingInput,
          "\(path): is no regular file, which alone can be mapped: write it to a file")
      }
      size = Int(status.st_size)
      let base = size == 0 ? nil : mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard size == 0 || base != MAP_FAILED else {
        guard errno == ENOMEM else { throw FileReader.failure(path, errno) }
        throw InputError(
          .memory,
          "\(path): \(size) bytes cannot be mapped into memory: raise this process's limit (ulimit -v), which counts "
            + "mapped files, or limit memory by ulimit -d instead"
        )
      }
      self.base = base
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.temporaryFolder = temporaryFolder
    self.descriptor = temporaryFolder == nil ? descriptor : nil
    if temporaryFolder != nil { close(descriptor) }
  }

  deinit {
    if let base { munmap(base, size) }
    if let descriptor { close(descriptor) }
  }

  /// The contents; what a file has lost since it was opened ends the program when it is read, so `check()` first.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0) }, count: size)
  }

  /// Throws `InputError(.badData)` if the file has become shorter since it was opened.
  package func check() throws {
    guard let descriptor else { return }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileReader.failure(path, errno) }
    guard Int(status.st_size) >= size else {
      throw InputError(
        .badData,
        "\(path): has \(status.st_size) bytes, and had \(size) when it was opened: it was cut short while in "
          + "use; write it again and start over")
    }
  }
}
