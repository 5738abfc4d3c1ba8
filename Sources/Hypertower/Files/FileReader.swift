import Glibc

/// Reads whole files, with errors that name the file and the reason.
package enum FileReader {
  /// The bytes of the file at `path`, which may also be a pipe.
  ///
  /// - Parameter most: how many bytes are read at most; default: all.
  /// - Throws: `InputError` of kind `.missingInput` when the file is not there or cannot be read,
  ///   `.memory` when it is larger than this process's memory.
  package static func bytes(of path: String, atMost most: Int = .max) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, errno) }
    defer { close(descriptor) }
    return try bytes(from: descriptor, name: path, atMost: most)
  }

  /// The bytes of what is open, from where its descriptor stands.
  ///
  /// - Parameters:
  ///   - name: what error messages call the file.
  ///   - most: how many bytes are read at most; default: all.
  /// - Throws: `InputError`, as `bytes(of:atMost:)`.
  package static func bytes(
    from descriptor: Int32, name path: String, atMost most: Int = .max
  ) throws -> [UInt8] {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, errno) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw failure(path, EISDIR) }
    let limit = MachineMemory.size
    try MachineMemory.check(Swift.min(status.st_size, most), for: path)

    var bytes: [UInt8] = []
    bytes.reserveCapacity(Swift.min(status.st_size, most))
    try forEachChunk(from: descriptor, name: path, atMost: most) { chunk in
      bytes.append(contentsOf: chunk)
      if bytes.count > limit { try MachineMemory.check(bytes.count, for: path) }
    }
    return bytes
  }

  /// Runs `body` on chunk after chunk of what is open, from where its descriptor stands up to its end.
  ///
  /// - Parameters:
  ///   - name: what error messages call the file.
  ///   - most: how many bytes are read at most; default: all.
  /// - Throws: `InputError(.missingInput)` when it cannot be read; what `body` throws.
  package static func forEachChunk(
    from descriptor: Int32, name path: String, atMost most: Int = .max,
    _ body: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { chunk.deallocate() }
    var rest = most
    // The size of a file is only a hint: pipes have none, and a file may grow or shrink meanwhile.
    while rest > 0 {
      let count = read(descriptor, chunk.baseAddress, Swift.min(chunk.count, rest))
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw failure(path, errno) }
      guard count > 0 else { return }
      try body(UnsafeRawBufferPointer(rebasing: chunk[..<count]))
      rest -= count
    }
  }

  /// The number of bytes of the regular file at `path`; nil if there is none.
  package static func size(of path: String) -> Int? {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  /// What the system's error `code` means for the file at `path`.
  package static func failure(_ path: String, _ code: Int32) -> InputError {
    switch code {
    case ENOENT: InputError(.missingInput, "\(path): no such file")
    case EISDIR: InputError(.missingInput, "\(path): is a folder, expected a file")
    default:
      InputError(.missingInput, "\(path): cannot be read: \(SystemError.reason(code))")
    }
  }
}
