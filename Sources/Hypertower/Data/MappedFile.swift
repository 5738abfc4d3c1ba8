internal import Glibc

/// A file that lies in memory as it is on disk, read-only, as long as this object is there.
///
/// `@unchecked Sendable`: nothing changes after `init`, and the memory is only read.
package final class MappedFile: @unchecked Sendable {
  package let path: String
  /// The number of bytes when the file was opened.
  package let size: Int
  private let descriptor: Int32
  private let base: UnsafeMutableRawPointer?

  /// - Throws: `InputError` of kind `.missingInput` when the file is not there or cannot be mapped, as a pipe.
  package init(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileReader.failure(path, errno) }
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
      guard size == 0 || base != MAP_FAILED else { throw FileReader.failure(path, errno) }
      self.base = base
    } catch {
      close(descriptor)
      throw error
    }
    self.path = path
    self.descriptor = descriptor
  }

  deinit {
    if let base { munmap(base, size) }
    close(descriptor)
  }

  /// The contents; what a file has lost since it was opened ends the program when it is read, so `check()` first.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0) }, count: size)
  }

  /// Throws `InputError(.badData)` if the file has become shorter since it was opened.
  package func check() throws {
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
