import Hypertower

extension NPYElementType {
  /// What `transform` makes of elements as numbers.
  ///
  /// - Parameters:
  ///   - places: the numbers of the elements.
  ///   - bytes: those of all elements, one after another.
  ///   - isBigEndian: whether an element's most significant byte comes first.
  func map<Result>(
    _ places: StrideTo<Int>, of bytes: UnsafeRawBufferPointer, isBigEndian: Bool,
    _ transform: (Double) -> Result
  ) -> [Result] {
    func map<Bits: FixedWidthInteger & BitwiseCopyable>(_ number: (Bits) -> Double) -> [Result] {
      places.map { place in
        let own = bytes.loadUnaligned(
          fromByteOffset: place * MemoryLayout<Bits>.size, as: Bits.self)
        return transform(number(isBigEndian ? Bits(bigEndian: own) : Bits(littleEndian: own)))
      }
    }
    return switch self {
    case .bool: map { (bits: UInt8) in bits == 0 ? 0 : 1 }
    case .int8: map { (bits: Int8) in Double(bits) }
    case .uint8: map { (bits: UInt8) in Double(bits) }
    case .int16: map { (bits: Int16) in Double(bits) }
    case .uint16: map { (bits: UInt16) in Double(bits) }
    case .int32: map { (bits: Int32) in Double(bits) }
    case .uint32: map { (bits: UInt32) in Double(bits) }
    case .int64: map { (bits: Int64) in Double(bits) }
    case .uint64: map { (bits: UInt64) in Double(bits) }
    case .float16: map { (bits: UInt16) in Double(Float16(bitPattern: bits)) }
    case .float32: map { (bits: UInt32) in Double(Float(bitPattern: bits)) }
    case .float64: map { (bits: UInt64) in Double(bitPattern: bits) }
    }
  }

  /// Elements as features that need no conversion, divided by `scale`; nil if they need one.
  ///
  /// - Parameters:
  ///   - elements: the bytes of all elements, one after another.
  ///   - width: the number of features of a sample.
  ///   - isBigEndian: whether an element's most significant byte comes first.
  func plainFeatures(
    _ elements: StoredArray<UInt8>, width: Int, scale: Double, isBigEndian: Bool
  ) throws -> Dataset.Features? {
    switch (self, scale, elements.storage) {
    // What `Dataset` takes bytes for.
    case (.uint8, 255, _): return try elements.features(width: width)
    case (.float32, 1, .mapped(let file, let offset)):
      return .mapped(
        try MappedRows(
          file, .float32, width: width, offset: offset, count: elements.count / size / width,
          isBigEndian: isBigEndian, requiresFinite: true))
    case (_, _, .memory), (_, _, .mapped): return nil
    }
  }
}
