extension [Float] {
  /// The elements as files have them, four bytes each.
  package var littleEndianBytes: [UInt8] {
    map(\.bitPattern.littleEndian).withUnsafeBytes { [UInt8]($0) }
  }
}
