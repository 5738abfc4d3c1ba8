import Hypertower

/// An array of numbers of any shape, as the files of MNIST and its kin hold them.
///
/// Format: http://yann.lecun.com/exdb/mnist, at the foot of the page.
package struct IDXFile: Sendable {
  /// What error messages call the file.
  package let name: String
  /// The sizes of the dimensions, outermost first: at least one.
  package let shape: [Int]
  /// The type of the elements.
  package let type: IDXElementType
  /// The elements, each with its most significant byte first.
  let elements: StoredArray<UInt8>

  /// The number of elements.
  package var count: Int { elements.count / type.size }

  /// Reads the file at `path`, compressed by gzip or not; what the budget has no room for stays where it is and is
  /// mapped into memory, or is decompressed into a temporary file.
  ///
  /// - Parameter budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is
  ///   damaged, `.cannotWrite` when there is no room for a temporary file.
  package init(contentsOf path: String, in budget: MemoryBudget = MemoryBudget()) throws {
    try self.init(.contents(of: path, in: budget), name: path, in: budget)
  }

  /// Reads a file's contents, compressed by gzip or not, whatever its name says.
  ///
  /// - Throws: `InputError`, as `init(contentsOf:in:)`.
  package init(
    _ contents: StoredArray<UInt8>, name: String, in budget: MemoryBudget = MemoryBudget()
  ) throws {
    self = try contents.withBytes { bytes in
      if Gzip.isGzip(bytes) { return try IDXFile(compressed: bytes, name: name, in: budget) }
      let header = try IDXHeader(
        of: bytes, name: name, statedSize: UInt32(truncatingIfNeeded: bytes.count))
      try header.check(byteCount: bytes.count - header.size, name: name)
      return IDXFile(header, name: name, contents[header.size..<bytes.count])
    }
  }

  /// Reads a file's contents that lie in memory.
  ///
  /// - Throws: `InputError`, as `init(contentsOf:in:)`.
  package init(
    contents: UnsafeRawBufferPointer, name: String, in budget: MemoryBudget = MemoryBudget()
  ) throws {
    if Gzip.isGzip(contents) {
      try self.init(compressed: contents, name: name, in: budget)
    } else {
      try self.init(StoredArray(Array(contents)), name: name, in: budget)
    }
  }

  private init(
    compressed contents: UnsafeRawBufferPointer, name: String, in budget: MemoryBudget
  ) throws {
    // The header comes first and states the size that the output must not exceed.
    let prefix = try Gzip.prefix(IDXHeader.greatestSize, of: contents, name: name)
    guard !prefix.withUnsafeBytes(Gzip.isGzip) else {
      throw InputError(
        .badData,
        "\(name): is compressed twice, a gzip file inside a gzip file: decompress it once (gunzip)"
      )
    }
    let header = try IDXHeader(of: prefix, name: name, statedSize: Gzip.statedSize(contents))
    var elements = try StoredArrayBuilder<UInt8>(
      name, in: budget,
      expected: min(header.byteCount, contents.count * Gzip.greatestRatio))
    var headerRest = header.size
    try Gzip.forEachChunk(of: contents, name: name, limit: header.fileSize) { chunk in
      let own = chunk.dropFirst(headerRest)
      headerRest -= chunk.count - own.count
      try elements.append(contentsOf: UnsafeBufferPointer(rebasing: own))
    }
    let found = try elements.finish()
    try header.check(byteCount: found.count, name: name)
    self.init(header, name: name, found)
  }

  /// Bytes of another format.
  init(name: String, shape: [Int], bytes: StoredArray<UInt8>) {
    self.name = name
    self.shape = shape
    type = .unsignedByte
    elements = bytes
  }

  private init(_ header: IDXHeader, name: String, _ elements: StoredArray<UInt8>) {
    self.name = name
    shape = header.shape
    type = header.type
    self.elements = elements
  }
}

extension IDXHeader {
  /// Throws unless exactly the bytes that the header states follow it.
  fileprivate func check(byteCount found: Int, name: String) throws {
    guard found == byteCount else {
      let remedy =
        found < byteCount ? "the file is cut short; fetch it again" : "the file is damaged"
      throw InputError(
        .badData,
        "\(name): \(found) bytes follow the header, expected \(byteCount) "
          + "for the dimensions \(shape)\(type.size == 1 ? "" : " of \(type.size)-byte elements"): "
          + remedy)
    }
  }
}
