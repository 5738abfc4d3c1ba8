/// A ZIP file of members that are stored as they are.
///
/// - Parameters:
///   - method: how the file says that they are compressed; default: not at all.
///   - isDeflated: whether they are deflated indeed, though not made smaller.
func zipFile(
  _ members: [(name: String, bytes: [UInt8])], method: UInt8 = 0, isDeflated: Bool = false
) -> [UInt8] {
  var (file, directory) = ([UInt8](), [UInt8]())
  for (name, bytes) in members {
    let data = isDeflated ? deflated(bytes) : bytes
    let common =
      [20, 0, 0, 0, method, 0, 0, 0, 0, 0] + number(checksum(bytes), 4) + number(data.count, 4)
      + number(bytes.count, 4) + number(name.utf8.count, 2) + [0, 0]
    directory +=
      [0x50, 0x4B, 1, 2, 20, 0] + common + [UInt8](repeating: 0, count: 10)
      + number(file.count, 4) + Array(name.utf8)
    file += [0x50, 0x4B, 3, 4] + common + Array(name.utf8) + data
  }
  return file + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + number(members.count, 2)
    + number(members.count, 2) + number(directory.count, 4) + number(file.count, 4) + [0, 0]
}

/// Blocks of RFC 1951 that hold bytes as they are.
private func deflated(_ bytes: [UInt8]) -> [UInt8] {
  stride(from: 0, to: bytes.count, by: 65_535).flatMap { start in
    let block = bytes[start..<min(start + 65_535, bytes.count)]
    let isLast: UInt8 = block.endIndex == bytes.count ? 1 : 0
    return [isLast] + number(block.count, 2) + number(~block.count, 2) + block
  }
}

private func number(_ value: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// CRC-32, bit by bit.
private func checksum(_ bytes: [UInt8]) -> Int {
  var checksum: UInt32 = .max
  for byte in bytes {
    checksum ^= UInt32(byte)
    for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
  return Int(~checksum)
}
