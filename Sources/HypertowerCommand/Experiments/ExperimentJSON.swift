import FoundationEssentials

/// How experiments are written as JSON: keys in snake case and in alphabetical order, numbers in full
/// precision, and those that are not finite as text.
enum ExperimentJSON {
  private static let notFinite = (positive: "inf", negative: "-inf", nan: "nan")

  static func bytes(of value: some Encodable, isPretty: Bool = false) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: notFinite.positive, negativeInfinity: notFinite.negative,
      nan: notFinite.nan)
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  static func value<Value: Decodable>(
    _ type: Value.Type, from bytes: some Collection<UInt8>
  ) throws -> Value {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: notFinite.positive, negativeInfinity: notFinite.negative,
      nan: notFinite.nan)
    return try decoder.decode(type, from: Data(bytes))
  }
}
