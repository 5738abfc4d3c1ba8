extension SafetensorsFile {
  /// The metadata by which a file of weights is known to have been written by a trainer.
  static let weightsMark = ["hypertower": "weights"]

  /// Whether a file that begins with these bytes holds weights that a trainer has written.
  ///
  /// - Parameter layout: the library for which they were written; default: any, or Hypertower.
  package static func beginsWithWeights(_ bytes: [UInt8], for layout: WeightLayout? = nil) -> Bool {
    let lengthSize = MemoryLayout<UInt64>.size
    guard bytes.count >= lengthSize else { return false }
    let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(bytes.count - lengthSize),
      let header = try? JSONValue(parsing: bytes[lengthSize..<lengthSize + Int(length)], name: ""),
      let metadata = header[metadataKey]
    else { return false }
    if let layout, metadata[WeightLayout.key]?.string != layout.formatName { return false }
    return weightsMark.allSatisfy { metadata[$0.key]?.string == $0.value }
  }
}
