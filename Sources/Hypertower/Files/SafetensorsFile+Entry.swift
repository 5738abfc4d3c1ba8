extension SafetensorsFile {
  /// The types of elements that Hypertower reads.
  public enum ElementType: String, CaseIterable, Sendable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"

    /// The number of bytes of one element.
    public var size: Int {
      switch self {
      case .float64: 8
      case .float32: 4
      case .float16, .bfloat16: 2
      }
    }
  }

  /// One named tensor.
  public struct Entry: Sendable {
    public let name: String
    /// The sizes of the dimensions, outermost first; empty for a single number.
    public let shape: [Int]
    public let elementType: ElementType
    /// The elements as they lie in a file. An entry that was read shares the file's memory.
    let bytes: ArraySlice<UInt8>

    init(name: String, shape: [Int], elementType: ElementType, bytes: ArraySlice<UInt8>) {
      self.name = name
      self.shape = shape
      self.elementType = elementType
      self.bytes = bytes
    }

    /// A tensor of float32 elements.
    ///
    /// - Precondition: There are as many `floats` as `shape` says.
    public init(name: String, shape: [Int], floats: [Float]) {
      self.init(name, shape, .float32, floats.map(\.bitPattern))
    }

    /// A tensor of float64 elements.
    ///
    /// - Precondition: There are as many `doubles` as `shape` says.
    public init(name: String, shape: [Int], doubles: [Double]) {
      self.init(name, shape, .float64, doubles.map(\.bitPattern))
    }

    private init(
      _ name: String, _ shape: [Int], _ elementType: ElementType,
      _ bitPatterns: [some FixedWidthInteger]
    ) {
      require(
        shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == bitPatterns.count,
        "SafetensorsFile: \(bitPatterns.count) elements for \(name) of shape \(shape)")
      let bytes = bitPatterns.map(\.littleEndian).withUnsafeBytes { Array($0) }
      self.init(name: name, shape: shape, elementType: elementType, bytes: bytes[...])
    }
  }
}

extension SafetensorsFile.Entry {
  /// The elements as float32: exact, except that float64 elements are rounded to the nearest.
  public func floats() -> [Float] {
    switch elementType {
    case .float64: elements { Float(Double(bitPattern: $0)) }
    case .float32: elements { Float(bitPattern: $0) }
    case .float16: elements { Float(Float16(bitPattern: $0)) }
    case .bfloat16: elements { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    }
  }

  /// The elements as float64, which is exact for every type of element.
  public func doubles() -> [Double] {
    switch elementType {
    case .float64: elements { Double(bitPattern: $0) }
    case .float32, .float16, .bfloat16: floats().map { Double($0) }
    }
  }

  /// The elements, each made from its bit pattern.
  private func elements<BitPattern: FixedWidthInteger, Element>(
    _ make: (BitPattern) -> Element
  ) -> [Element] {
    bytes.withUnsafeBytes { buffer in
      stride(from: 0, to: buffer.count, by: MemoryLayout<BitPattern>.size).map {
        make(
          BitPattern(littleEndian: buffer.loadUnaligned(fromByteOffset: $0, as: BitPattern.self)))
      }
    }
  }
}
