import Hypertower

/// An array of numbers from an NPY file, as NumPy saves it; see `NPYHeader` for the format.
package struct NPYFile: Sendable {
  package let name: String
  /// The sizes of the dimensions, outermost first.
  package private(set) var shape: [Int]
  let type: NPYElementType
  private let isBigEndian: Bool
  /// The elements in row-major order.
  private let elements: Elements

  private enum Elements {
    case read([UInt8])
    /// In a file, from a byte on.
    case mapped(MappedFile, offset: Int)
  }

  /// Reads the file at `path`; a large one whose elements are in row-major order stays where it is and is mapped into
  /// memory.
  ///
  /// - Parameter limit: the number of bytes of which a file must have more to be mapped; default: a quarter of the
  ///   machine's memory.
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is damaged or holds no
  ///   numbers.
  package init(
    contentsOf path: String,
    mappedAbove limit: Int = Int(Double(MachineMemory.size) * IDXFile.mappedShare)
  ) throws {
    if let size = FileReader.size(of: path), size > limit {
      let file = try MappedFile(path)
      let header = try NPYHeader(of: file.bytes, name: path)
      if !header.isFortran {
        try header.check(byteCount: file.size - header.size, name: path)
        self.init(header, name: path, .mapped(file, offset: header.size))
        return
      }
    }
    try self.init(FileReader.bytes(of: path), name: path)
  }

  /// Reads a file's contents.
  ///
  /// - Throws: `InputError`, as `init(contentsOf:mappedAbove:)`.
  package init(_ contents: [UInt8], name: String) throws {
    let (header, bytes) = try contents.withUnsafeBytes { contents in
      let header = try NPYHeader(of: contents, name: name)
      let bytes = UnsafeRawBufferPointer(rebasing: contents[header.size...])
      try header.check(byteCount: bytes.count, name: name)
      guard header.isFortran else { return (header, Array(bytes)) }
      return (
        header,
        ElementOrder.rowMajor(
          bytes, size: header.type.size, shape: header.shape,
          strides: ElementOrder.columnMajorStrides(header.shape))
      )
    }
    self.init(header, name: name, .read(bytes))
  }

  private init(_ header: NPYHeader, name: String, _ elements: Elements) {
    (self.name, self.elements) = (name, elements)
    (shape, type, isBigEndian) = (header.shape, header.type, header.isBigEndian)
  }

  /// Elements in row-major order, the least significant byte first.
  init(name: String, shape: [Int], type: NPYElementType, bytes: [UInt8]) {
    (self.name, self.shape, self.type, isBigEndian) = (name, shape, type, false)
    elements = .read(bytes)
  }

  private init(_ file: NPYFile, shape: [Int], bytes: [UInt8]) {
    (name, type, isBigEndian) = (file.name, file.type, file.isBigEndian)
    (self.shape, elements) = (shape, .read(bytes))
  }

  /// Images `[count, height, width, channels]` as `[count, channels, height, width]`.
  func withChannelsFirst() throws -> NPYFile {
    let strides = ElementOrder.rowMajorStrides(shape)
    let order = [0, 3, 1, 2]
    let ordered = order.map { shape[$0] }
    try MachineMemory.check(elementCount * type.size, for: name)
    let bytes = try withBytes {
      ElementOrder.rowMajor(
        $0, size: type.size, shape: ordered, strides: order.map { strides[$0] })
    }
    return NPYFile(self, shape: ordered, bytes: bytes)
  }

  private func withBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    switch elements {
    case .read(let bytes): return try bytes.withUnsafeBytes(body)
    case .mapped(let file, let offset):
      try file.check()
      return try body(UnsafeRawBufferPointer(rebasing: file.bytes[offset...]))
    }
  }
}

extension NPYFile: NumberFile {
  var defaultScale: Double { type.defaultScale }

  var mappingNote: String? {
    guard case .mapped(let file, _) = elements else { return nil }
    return
      "\(name): stays on disk, mapped into memory, since its \(file.size) bytes are more than a quarter of "
      + "the machine's memory"
  }

  func plainFeatures(scale: Double) throws -> Dataset.Features? {
    let width = elementCount / shape[0]
    switch (elements, type, scale) {
    case (.read(let bytes), .uint8, 255): return .bytes(bytes)
    case (.mapped(let file, let offset), .uint8, 255):
      return .mapped(try MappedRows(file, .uint8, width: width, offset: offset, count: shape[0]))
    case (.mapped(let file, let offset), .float32, 1):
      return .mapped(
        try MappedRows(
          file, .float32, width: width, offset: offset, count: shape[0], isBigEndian: isBigEndian,
          requiresFinite: true))
    case (.read, _, _), (.mapped, _, _): return nil
    }
  }

  package func map<Result>(
    from start: Int, by step: Int, _ transform: (Double) -> Result
  ) throws -> [Result] {
    try withBytes { bytes in
      type.map(
        stride(from: start, to: elementCount, by: step), of: bytes, isBigEndian: isBigEndian,
        transform)
    }
  }
}

extension NPYHeader {
  /// Throws unless exactly the bytes that the header states follow it.
  fileprivate func check(byteCount found: Int, name: String) throws {
    let expected = shape.reduce(1, *) * type.size
    guard found == expected else {
      throw InputError(
        .badData,
        "\(name): \(found) bytes follow the header, expected \(expected) for the shape \(shape) of "
          + "\(type.size)-byte elements: the file is \(found < expected ? "cut short" : "damaged"); save it again"
      )
    }
  }
}
