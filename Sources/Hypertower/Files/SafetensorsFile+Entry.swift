extension SafetensorsFile {
  /// The type of a tensor's elements.
  public enum ElementType: Hashable, Sendable {
    case float64
    case float32
    case float16
    case bfloat16
    /// A type whose elements Hypertower does not read, by its name in the file, such as `I64`.
    case other(String)

    /// The type that a file calls `name`.
    public init(name: String) {
      self = Self.readable.first { $0.name == name } ?? .other(name)
    }

    /// The name of the type in a file, such as `F32`.
    public var name: String {
      switch self {
      case .float64: "F64"
      case .float32: "F32"
      case .float16: "F16"
      case .bfloat16: "BF16"
      case .other(let name): name
      }
    }

    /// Whether Hypertower reads the elements.
    public var isReadable: Bool { Self.readable.contains(self) }

    /// The number of bits of one element; nil for a type that version 0.8 of the format lacks.
    public var bitCount: Int? {
      switch self {
      case .float64: 64
      case .float32: 32
      case .float16, .bfloat16: 16
      case .other(let name): Self.otherBitCounts[name]
      }
    }

    private static let readable: [ElementType] = [.float64, .float32, .float16, .bfloat16]

    private static let otherBitCounts = [
      "I64": 64, "U64": 64, "C64": 64, "I32": 32, "U32": 32, "I16": 16, "U16": 16, "I8": 8, "U8": 8,
      "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
      "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
    ]
  }

  /// One named tensor.
  public struct Entry: Sendable {
    public let name: String
    /// The sizes of the dimensions, outermost first; empty for a single number.
    public let shape: [Int]
    public let elementType: ElementType
    /// The elements as they lie in a file. An entry that was read shares the file's memory.
    package let bytes: ArraySlice<UInt8>

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

    /// A whole number, in 64 bits.
    init(name: String, count: Int) {
      self.init(name, [], .other("I64"), [Int64(count)])
    }

    /// A tensor of what a device has computed, in its precision.
    init(name: String, shape: [Int], _ values: HostArray) {
      switch values {
      case .float64(let values): self.init(name: name, shape: shape, doubles: values)
      case let values: self.init(name: name, shape: shape, floats: values.floats)
      }
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
  ///
  /// - Precondition: The elements are of a type that is read: `elementType.isReadable`.
  public func floats() -> [Float] {
    switch elementType {
    case .float64: elements { Float(Double(bitPattern: $0)) }
    case .float32: elements { Float(bitPattern: $0) }
    case .float16: elements { Float(Float16(bitPattern: $0)) }
    case .bfloat16: elements { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .other: notReadable()
    }
  }

  /// The elements as float64, which is exact for every type that is read.
  ///
  /// - Precondition: as for `floats()`.
  public func doubles() -> [Double] {
    switch elementType {
    case .float64: elements { Double(bitPattern: $0) }
    case .float32, .float16, .bfloat16: floats().map { Double($0) }
    case .other: notReadable()
    }
  }

  private func notReadable() -> Never {
    fatalError("SafetensorsFile: tensor '\(name)' holds \(elementType.name), which is not read")
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
