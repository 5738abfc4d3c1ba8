import Glibc
import Hypertower

extension StoredArray<UInt8> {
  /// The bytes of the file at `path`; what the budget has no room for is mapped where it lies.
  ///
  /// - Parameter path: of a file, or of a pipe, which is written to a temporary file where it does not fit.
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.cannotWrite` when there is no room for a
  ///   pipe's bytes.
  package static func contents(of path: String, in budget: MemoryBudget) throws -> StoredArray {
    if let size = FileReader.size(of: path) {
      guard budget.take(size) else { return try StoredArray(MappedFile(path)) }
      return try StoredArray(FileReader.bytes(of: path))
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileReader.failure(path, errno) }
    defer { close(descriptor) }
    return try contents(from: descriptor, name: path, in: budget)
  }

  /// The bytes of what is open, from where its descriptor stands.
  ///
  /// - Parameter name: what error messages call the file.
  /// - Throws: `InputError`, as `contents(of:in:)`.
  package static func contents(
    from descriptor: Int32, name: String, in budget: MemoryBudget
  ) throws -> StoredArray {
    var builder = try StoredArrayBuilder<UInt8>(name, in: budget)
    try FileReader.forEachChunk(from: descriptor, name: name) {
      try builder.append(contentsOf: $0.bindMemory(to: UInt8.self))
    }
    return try builder.finish()
  }

  /// A whole file.
  init(_ file: MappedFile) { self.init(file, count: file.size) }

  /// Runs `body` on the bytes where they lie.
  ///
  /// - Throws: `InputError(.badData)` if they lie in a file that was cut short meanwhile; what `body` throws.
  package func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    try check()
    return try withElements { try body(UnsafeRawBufferPointer($0)) }
  }

  /// The first bytes, as an array.
  package func prefix(_ most: Int) -> [UInt8] { withElements { Array($0.prefix(most)) } }

  /// What the bytes decompress to, if they are a gzip file; otherwise themselves.
  ///
  /// - Throws: `InputError` of kind `.badData` when they are damaged, `.cannotWrite` when there is no room.
  func decompressed(name: String, in budget: MemoryBudget) throws -> StoredArray {
    guard withElements({ Gzip.isGzip(UnsafeRawBufferPointer($0)) }) else { return self }
    return try withBytes { bytes in
      var builder = try StoredArrayBuilder<UInt8>(name, in: budget)
      try Gzip.forEachChunk(of: bytes, name: name) { try builder.append(contentsOf: $0) }
      return try builder.finish()
    }
  }
}

extension Dataset {
  /// What to tell the user of features that do not lie in memory; nil if they do.
  ///
  /// - Parameter name: what messages call the data.
  func diskNote(_ name: String) -> String? {
    guard case .mapped(let rows) = features else { return nil }
    let place =
      rows.file.temporaryFolder.map { "features are in a temporary file in \($0)" }
      ?? "stays on disk, mapped into memory"
    return "\(name): \(place), \(MemoryBudget.reason)"
  }
}
