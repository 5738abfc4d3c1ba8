import Hypertower

extension NPYFile {
  /// A tensor of a safetensors file.
  ///
  /// - Parameter file: what error messages call the file.
  /// - Throws: `InputError(.badData)` for elements of a type that is not read.
  init(_ entry: SafetensorsFile.Entry, file: String) throws {
    let name = "\(file): \(entry.name)"
    let types: [String: NPYElementType] = [
      "BOOL": .bool, "I8": .int8, "U8": .uint8, "I16": .int16, "U16": .uint16, "I32": .int32,
      "U32": .uint32, "I64": .int64, "U64": .uint64, "F16": .float16, "F32": .float32,
      "F64": .float64,
    ]
    if let type = types[entry.elementType.name] {
      self.init(name: name, shape: entry.shape, type: type, bytes: Array(entry.bytes))
    } else if entry.elementType == .bfloat16 {
      let bytes = entry.floats().map(\.bitPattern.littleEndian).withUnsafeBytes { Array($0) }
      self.init(name: name, shape: entry.shape, type: .float32, bytes: bytes)
    } else {
      throw InputError(
        .badData,
        "\(name): holds elements of type \(entry.elementType.name), expected numbers of 8 to 64 bits: save float32"
      )
    }
  }
}
