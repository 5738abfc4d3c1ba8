import CZlib

/// One built program as the cache's files hold it.
///
/// A file is, with little-endian integers: the magic `HTWRPROG`, a `UInt32` version, the key's and
/// the binary's lengths as `UInt64`, the key in UTF-8, the binary, and a `UInt32` CRC-32 of all
/// that precedes it.
package struct ProgramCacheEntry: Equatable {
  /// All that the binary depends on.
  package var key: String
  package var binary: [UInt8]

  private static let magic = Array("HTWRPROG".utf8)
  private static let version: UInt32 = 1
  private static let headerSize = 8 + 4 + 8 + 8
  private static let checksumSize = 4

  package init(key: String, binary: [UInt8]) {
    self.key = key
    self.binary = binary
  }

  /// The entry that `file` holds, or nil if a single bit of it is not as it was written.
  package init?(decoding file: [UInt8]) {
    guard file.count >= Self.headerSize + Self.checksumSize else { return nil }
    let end = file.count - Self.checksumSize
    func integer<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type) -> Value {
      let value = file.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
      return Value(littleEndian: value)
    }
    guard file.starts(with: Self.magic), integer(at: 8, as: UInt32.self) == Self.version,
      integer(at: end, as: UInt32.self) == checksum(file[..<end])
    else { return nil }

    let payload = end - Self.headerSize
    guard let keySize = Int(exactly: integer(at: 12, as: UInt64.self)), keySize <= payload,
      integer(at: 20, as: UInt64.self) == UInt64(payload - keySize)
    else { return nil }
    let binaryStart = Self.headerSize + keySize
    key = String(decoding: file[Self.headerSize..<binaryStart], as: UTF8.self)
    binary = Array(file[binaryStart..<end])
  }

  /// The file's bytes.
  package func encoded() -> [UInt8] {
    let key = Array(key.utf8)
    var file = Self.magic
    file.reserveCapacity(Self.headerSize + key.count + binary.count + Self.checksumSize)
    func append<Value: FixedWidthInteger>(_ value: Value) {
      withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) }
    }
    append(Self.version)
    append(UInt64(key.count))
    append(UInt64(binary.count))
    file += key
    file += binary
    append(checksum(file[...]))
    return file
  }
}

/// The CRC-32 of `bytes`.
private func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
  bytes.withUnsafeBufferPointer { bytes in
    // The _z variant takes a size_t: binaries can exceed what a uInt counts.
    UInt32(truncatingIfNeeded: crc32_z(0, bytes.baseAddress, z_size_t(bytes.count)))
  }
}
