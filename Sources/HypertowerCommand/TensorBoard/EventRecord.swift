import Hypertower

/// A record of an event file: a length (8 bytes, little-endian), its checksum, the data, their checksum.
///
/// Format: TFRecord, https://www.tensorflow.org/tutorials/load_data/tfrecord
enum EventRecord {
  /// The bytes of a record that holds `data`.
  static func bytes(of data: [UInt8]) -> [UInt8] {
    let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { Array($0) }
    return length + checksum(length) + data + checksum(data)
  }

  /// A record of a file, and where it ends.
  struct Found {
    let data: ArraySlice<UInt8>
    let end: Int
  }

  /// The record that begins at `start`; nil if it is not whole, or damaged.
  static func record(in bytes: [UInt8], at start: Int) -> Found? {
    guard bytes.count - start >= overhead else { return nil }
    let length = bytes[start..<start + 8]
    let count = size(length)
    guard count <= UInt64(bytes.count - start - overhead) else { return nil }
    let data = bytes[start + 12..<start + 12 + Int(count)]
    guard bytes[start + 8..<start + 12].elementsEqual(checksum(length)),
      bytes[data.endIndex..<data.endIndex + 4].elementsEqual(checksum(data))
    else { return nil }
    return Found(data: data, end: data.endIndex + 4)
  }

  /// Whether the file ends in the middle of the record that begins at `start`.
  static func isCutOff(_ bytes: [UInt8], at start: Int) -> Bool {
    guard bytes.count - start >= overhead else { return true }
    let length = bytes[start..<start + 8]
    return bytes[start + 8..<start + 12].elementsEqual(checksum(length))
      && size(length) > bytes.count - start - overhead
  }

  /// The number that the bytes of a length stand for.
  private static func size(_ length: ArraySlice<UInt8>) -> UInt64 {
    length.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The bytes of a record besides its data.
  private static let overhead = 16

  /// A CRC-32C, rotated and shifted as the format wants it, since data may hold checksums themselves.
  private static func checksum(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    let crc = CRC32C.checksum(of: bytes)
    let masked = (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    return withUnsafeBytes(of: masked.littleEndian) { Array($0) }
  }
}

/// The cyclic redundancy check with Castagnoli's polynomial, as iSCSI has it (RFC 3720, appendix B.4).
enum CRC32C {
  /// For each byte, what eight steps of the division make of it.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1) * 0x82F6_3B78 }
  }

  static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
  }
}
