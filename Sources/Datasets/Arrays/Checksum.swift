import CZlib

/// The CRC-32 of bytes that come one part after another.
struct Checksum {
  private(set) var value = UInt32(truncatingIfNeeded: crc32(0, nil, 0))

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    var rest = bytes[...]
    // zlib counts in 32 bits.
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      value = UInt32(
        truncatingIfNeeded: crc32(
          uLong(value), part.assumingMemoryBound(to: UInt8.self).baseAddress, uInt(part.count)))
      rest = rest.dropFirst(part.count)
    }
  }
}
