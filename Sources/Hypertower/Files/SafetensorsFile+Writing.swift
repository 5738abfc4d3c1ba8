extension SafetensorsFile {
  /// Writes the file at `path`, which holds the old contents or the new at every moment.
  ///
  /// - Throws: `InputError` of kind `.cannotWrite`.
  public func write(to path: String) throws {
    try AtomicFile.write(serialized(), to: path)
  }

  /// The bytes of the file.
  public func serialized() -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let notes = JSONValue.object(metadata.mapValues { .string($0) })
      members.append("\(JSONValue.quoted(Self.metadataKey)):\(notes.text)")
    }
    var end = 0
    for entry in entries {
      let begin = end
      end += entry.bytes.count
      let place = JSONValue.object([
        "dtype": .string(entry.elementType.name),
        "shape": .array(entry.shape.map { .number("\($0)") }),
        "data_offsets": .array([.number("\(begin)"), .number("\(end)")]),
      ])
      members.append("\(JSONValue.quoted(entry.name)):\(place.text)")
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    // The data begins at a multiple of 8 bytes, so that elements can be used where they lie.
    while !header.count.isMultiple(of: 8) { header.append(UInt8(ascii: " ")) }

    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + end)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: header)
    for entry in entries { bytes.append(contentsOf: entry.bytes) }
    return bytes
  }
}
