import CZlib

/// A safetensors file with a CRC-32 of all its bytes in its metadata, so that no damage goes unseen.
///
/// The CRC is taken with eight zeros in its own place.
package enum SealedSafetensors {
  private static let key = "crc32"
  private static let blank = "00000000"

  /// The bytes of `file` with its seal.
  package static func bytes(of file: SafetensorsFile) -> [UInt8] {
    var metadata = file.metadata
    metadata[key] = blank
    var bytes = SafetensorsFile(file.entries, metadata: metadata).serialized()
    guard let place = place(in: bytes) else {
      fatalError("SealedSafetensors: no place for the CRC")
    }
    bytes.replaceSubrange(place, with: digits(checksum(bytes[...])).utf8)
    return bytes
  }

  /// The file in `bytes`, if not a single bit is other than it was written.
  ///
  /// - Parameter name: what error messages call the file.
  /// - Throws: `InputError(.badData)`.
  package static func file(in bytes: [UInt8], name: String) throws -> SafetensorsFile {
    guard let place = place(in: bytes) else {
      throw InputError(.badData, "\(name): is damaged or no checkpoint: it has no CRC")
    }
    var blanked = bytes
    blanked.replaceSubrange(place, with: blank.utf8)
    guard bytes[place].elementsEqual(digits(checksum(blanked[...])).utf8) else {
      throw InputError(.badData, "\(name): is damaged: its CRC does not fit")
    }
    return try SafetensorsFile(bytes: bytes, name: name)
  }

  /// Where the digits lie: behind the only place of the header with the member's name, since
  /// quotation marks inside of texts have backslashes before them.
  private static func place(in bytes: [UInt8]) -> Range<Int>? {
    guard bytes.count >= 8 else { return nil }
    let length = bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(bytes.count - 8) else { return nil }
    let header = bytes[8..<8 + Int(length)]
    guard let found = header.firstRange(of: Array("\"\(key)\":\"".utf8)),
      header.endIndex - found.upperBound >= blank.utf8.count
    else { return nil }
    return found.upperBound..<found.upperBound + blank.utf8.count
  }

  private static func digits(_ checksum: UInt32) -> String {
    let digits = String(checksum, radix: 16)
    return blank.dropLast(digits.count) + digits
  }

  private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBufferPointer {
      UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, z_size_t($0.count)))
    }
  }
}
