import Hypertower

extension NPYFile {
  /// A tensor of a safetensors file.
  ///
  /// - Parameters:
  ///   - place: where it lies.
  ///   - contents: the whole file.
  ///   - file: what error messages call the file.
  ///   - budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` for elements of a type that is not read, `.cannotWrite` when there is no
  ///   room for a temporary file.
  init(
    _ place: SafetensorsLayout.Place, of contents: StoredArray<UInt8>, file: String,
    in budget: MemoryBudget
  ) throws {
    let name = "\(file): \(place.name)"
    let types: [String: NPYElementType] = [
      "BOOL": .bool, "I8": .int8, "U8": .uint8, "I16": .int16, "U16": .uint16, "I32": .int32,
      "U32": .uint32, "I64": .int64, "U64": .uint64, "F16": .float16, "F32": .float32,
      "F64": .float64,
    ]
    let elements = contents[place.begin..<place.end]
    if let type = types[place.elementType.name] {
      self.init(name: name, shape: place.shape, type: type, elements: elements)
    } else if place.elementType == .bfloat16 {
      self.init(
        name: name, shape: place.shape, type: .float32,
        elements: try Self.widened(elements, name: name, in: budget))
    } else {
      throw InputError(
        .badData,
        "\(name): holds elements of type \(place.elementType.name), expected numbers of 8 to 64 bits: save float32"
      )
    }
  }

  /// The float32 elements of which bfloat16 elements are the upper halves.
  private static func widened(
    _ elements: StoredArray<UInt8>, name: String, in budget: MemoryBudget
  ) throws -> StoredArray<UInt8> {
    var floats = try StoredArrayBuilder<UInt8>(name, in: budget, expected: 2 * elements.count)
    try elements.withBytes { bytes in
      for start in stride(from: 0, to: bytes.count, by: 1 << 16) {
        let part = bytes[start..<min(start + (1 << 16), bytes.count)]
        var own: [UInt8] = []
        own.reserveCapacity(2 * part.count)
        for place in stride(from: part.startIndex, to: part.endIndex, by: 2) {
          own += [0, 0, part[place], part[place + 1]]
        }
        try floats.append(contentsOf: own)
      }
    }
    return try floats.finish()
  }
}
