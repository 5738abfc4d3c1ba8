import FoundationEssentials
import Hypertower

/// A file of reference numbers: JSON whose keys are written with underscores.
enum ReferenceFile {
  /// - Parameter path: from the folder `Tests` on.
  static func decode<Reference: Decodable>(_ path: String) throws -> Reference {
    let tests = #filePath.replacing(
      "HypertowerTests/Support/ReferenceFile.swift", with: "")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(
      Reference.self, from: Data(try FileReader.bytes(of: tests + path)))
  }
}
