import Hypertower

/// An array of numbers from an NPY file, as NumPy saves it; see `NPYHeader` for the format.
package struct NPYFile: Sendable {
  package let name: String
  /// The sizes of the dimensions, outermost first.
  package let shape: [Int]
  let type: NPYElementType
  private let isBigEndian: Bool
  /// The elements in row-major order.
  private let elements: StoredArray<UInt8>

  /// Reads the file at `path`; what the budget has no room for stays where it is and is mapped into memory, if its
  /// elements are in row-major order.
  ///
  /// - Parameter budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is damaged or holds no
  ///   numbers, `.cannotWrite` when there is no room for a temporary file.
  package init(contentsOf path: String, in budget: MemoryBudget = MemoryBudget()) throws {
    try self.init(.contents(of: path, in: budget), name: path, in: budget)
  }

  /// Reads a file's contents.
  ///
  /// - Throws: `InputError`, as `init(contentsOf:in:)`.
  package init(
    _ contents: StoredArray<UInt8>, name: String, in budget: MemoryBudget = MemoryBudget()
  ) throws {
    let header = try contents.withBytes { bytes in
      let header = try NPYHeader(of: bytes, name: name)
      try header.check(byteCount: bytes.count - header.size, name: name)
      return header
    }
    let elements = contents[header.size..<contents.count]
    self.init(
      name: name, shape: header.shape, type: header.type, isBigEndian: header.isBigEndian,
      elements: header.isFortran
        ? try ElementOrder.rowMajor(
          elements, size: header.type.size, shape: header.shape,
          strides: ElementOrder.columnMajorStrides(header.shape), name: name, in: budget)
        : elements)
  }

  /// Reads a file's contents that lie in memory.
  ///
  /// - Throws: `InputError`, as `init(contentsOf:in:)`.
  package init(_ contents: [UInt8], name: String) throws {
    try self.init(StoredArray(contents), name: name)
  }

  /// Elements in row-major order; default: the least significant byte comes first.
  init(
    name: String, shape: [Int], type: NPYElementType, isBigEndian: Bool = false,
    elements: StoredArray<UInt8>
  ) {
    (self.name, self.shape, self.type, self.isBigEndian) = (name, shape, type, isBigEndian)
    self.elements = elements
  }

  /// Images `[count, height, width, channels]` as `[count, channels, height, width]`.
  ///
  /// - Throws: `InputError` of kind `.badData` if the file was cut short meanwhile, `.cannotWrite` when there is no room
  ///   for a temporary file.
  func withChannelsFirst(in budget: MemoryBudget = MemoryBudget()) throws -> NPYFile {
    let order = [0, 3, 1, 2]
    let ordered = order.map { shape[$0] }
    // Sizes of which one is 0 may be any.
    guard elementCount > 0 else {
      return NPYFile(
        name: name, shape: ordered, type: type, isBigEndian: isBigEndian, elements: elements)
    }
    let strides = ElementOrder.rowMajorStrides(shape)
    return NPYFile(
      name: name, shape: ordered, type: type, isBigEndian: isBigEndian,
      elements: try ElementOrder.rowMajor(
        elements, size: type.size, shape: ordered, strides: order.map { strides[$0] }, name: name,
        in: budget))
  }
}

extension NPYFile: NumberFile {
  var defaultScale: Double { type.defaultScale }

  func plainFeatures(scale: Double) throws -> Dataset.Features? {
    try type.plainFeatures(
      elements, width: elementCount / shape[0], scale: scale, isBigEndian: isBigEndian)
  }

  package func map<Result>(
    from start: Int, to end: Int? = nil, by step: Int, _ transform: (Double) -> Result
  ) throws -> [Result] {
    try elements.withBytes { bytes in
      type.map(
        stride(from: start, to: end ?? elementCount, by: step), of: bytes, isBigEndian: isBigEndian,
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
