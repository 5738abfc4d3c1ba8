extension IDXFile {
  /// What `transform` makes of the elements as numbers, which a Double holds exactly: of all of them
  /// in order, or of every `step`-th from number `start` on.
  ///
  /// - Throws: `InputError(.badData)` if the file was cut short meanwhile.
  package func map<Result>(
    from start: Int = 0, by step: Int = 1, _ transform: (Double) -> Result
  ) throws -> [Result] {
    switch type {
    case .unsignedByte: try map(UInt8.self, start, step) { transform(Double($0)) }
    case .signedByte: try map(UInt8.self, start, step) { transform(Double(Int8(bitPattern: $0))) }
    case .int16: try map(UInt16.self, start, step) { transform(Double(Int16(bitPattern: $0))) }
    case .int32: try map(UInt32.self, start, step) { transform(Double(Int32(bitPattern: $0))) }
    case .float32: try map(UInt32.self, start, step) { transform(Double(Float(bitPattern: $0))) }
    case .float64: try map(UInt64.self, start, step) { transform(Double(bitPattern: $0)) }
    }
  }

  private func map<Bits: FixedWidthInteger & BitwiseCopyable, Result>(
    _ bits: Bits.Type, _ start: Int, _ step: Int, _ transform: (Bits) -> Result
  ) throws -> [Result] {
    try withBytes { bytes in
      stride(from: start, to: count, by: step).map { index in
        transform(
          Bits(
            bigEndian: bytes.loadUnaligned(
              fromByteOffset: index * MemoryLayout<Bits>.size, as: Bits.self)))
      }
    }
  }
}
