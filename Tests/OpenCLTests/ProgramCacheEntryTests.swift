import OpenCL
import Testing

@Suite struct ProgramCacheEntryTests {
  private let entry = ProgramCacheEntry(key: "a key with ä", binary: [0, 1, 2, 250])

  @Test func entryComesBack() {
    #expect(ProgramCacheEntry(decoding: entry.encoded()) == entry)
    let empty = ProgramCacheEntry(key: "", binary: [])
    #expect(ProgramCacheEntry(decoding: empty.encoded()) == empty)
  }

  @Test func formatStaysAsItIs() {
    let file = ProgramCacheEntry(key: "k", binary: [7]).encoded()
    #expect(
      file == Array("HTWRPROG".utf8) + [1, 0, 0, 0] + [1, 0, 0, 0, 0, 0, 0, 0]
        + [1, 0, 0, 0, 0, 0, 0, 0] + Array("k".utf8) + [7] + [0x5C, 0x1C, 0xF9, 0x70])
  }

  @Test func everyFlippedBitIsNoticed() {
    let file = entry.encoded()
    for offset in file.indices {
      for bit in 0..<8 {
        var damaged = file
        damaged[offset] ^= 1 << bit
        #expect(ProgramCacheEntry(decoding: damaged) == nil, "bit \(bit) of byte \(offset)")
      }
    }
  }

  @Test func everyWrongLengthIsNoticed() {
    let file = entry.encoded()
    for count in file.indices {
      #expect(ProgramCacheEntry(decoding: Array(file[..<count])) == nil, "\(count) bytes")
    }
    #expect(ProgramCacheEntry(decoding: file + [0]) == nil)
    #expect(ProgramCacheEntry(decoding: file + file) == nil)
  }

  @Test(
    arguments: [
      ("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8),
    ] as [(String, UInt64)])
  func hashIsFNV1a(text: String, hash: UInt64) {
    #expect(fnv1a64(text.utf8) == hash)
  }
}
