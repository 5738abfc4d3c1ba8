import Glibc

/// Reads whole files, with errors that name the file and the reason.
package enum FileReader {
  /// The bytes of the file at `path`, which may also be a pipe.
  ///
  /// - Parameter most: how many bytes are read at most; default: all.
  /// - Throws: `InputError` of kind `.missingInput` when the file is not there, cannot be read, or
  ///   is larger than this machine's memory.
  package static func bytes(of path: String, atMost most: Int = .max) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }

    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw failure(path, EISDIR) }
    let limit = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    guard Swift.min(status.st_size, most) <= limit else { throw tooLarge(path, limit: limit) }

    var bytes: [UInt8] = []
    bytes.reserveCapacity(Swift.min(status.st_size, most))
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { chunk.deallocate() }
    // The size is only a hint: pipes have none, and a file may grow or shrink meanwhile.
    while bytes.count < most {
      let count = read(descriptor, chunk.baseAddress, Swift.min(chunk.count, most - bytes.count))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure(path, errno) }
      guard count > 0 else { return bytes }
      bytes.append(contentsOf: chunk[..<count])
      guard bytes.count <= limit else { throw tooLarge(path, limit: limit) }
    }
    return bytes
  }

  private static func failure(_ path: String, _ code: Int32) -> InputError {
    switch code {
    case ENOENT: InputError(.missingInput, "\(path): no such file")
    case EISDIR: InputError(.missingInput, "\(path): is a folder, expected a file")
    default:
      InputError(.missingInput, "\(path): cannot be read: \(SystemError.reason(code))")
    }
  }

  private static func tooLarge(_ path: String, limit: Int) -> InputError {
    InputError(.missingInput, "\(path): larger than this machine's memory of \(limit) bytes")
  }
}
