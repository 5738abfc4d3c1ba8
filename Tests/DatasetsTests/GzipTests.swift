import Datasets
import Hypertower
import Testing

/// "to tower, to tower, to tower", as gzip -9n makes it.
private let member: [UInt8] = [
  0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2B, 0xC9, 0x57, 0x28, 0xC9, 0x2F,
  0x4F, 0x2D, 0xD2, 0x01, 0x52, 0xE8, 0x2C, 0x00, 0x05, 0x34, 0x84, 0x74, 0x1C, 0x00, 0x00, 0x00,
]
private let text = Array("to tower, to tower, to tower".utf8)
private let headerSize = 10

private let badFiles: [(contents: [UInt8], message: String)] = [
  (text, "at byte 2: the gzip data is damaged (incorrect header check)"),
  (member + [0, 0, 1], "at byte 32: 3 bytes follow the gzip data"),
  (member + text, "at byte 32: 28 bytes follow the gzip data"),
  (member.dropLast(8) + [0, 0, 0, 0, 28, 0, 0, 0], "(incorrect data check)"),
  (member.dropLast(4) + [27, 0, 0, 0], "(incorrect length check)"),
]

@Suite struct GzipTests {
  @Test func decompressesOneMember() throws {
    #expect(try Gzip.decompress(member, name: "file") == text)
    #expect(member.withUnsafeBytes(Gzip.isGzip))
    #expect(!text.withUnsafeBytes(Gzip.isGzip))
  }

  /// As tar pads what it writes to tapes; gzip itself passes over them.
  @Test func zerosAfterTheLastMemberAreNothing() throws {
    for zeros in [1, 3, 512, 100_000] {
      let padded = member + [UInt8](repeating: 0, count: zeros)
      #expect(try Gzip.decompress(padded, name: "file") == text)
    }
  }

  @Test func decompressesSeveralMembers() throws {
    #expect(try Gzip.decompress(member + member + member, name: "file") == text + text + text)
  }

  @Test func outputMayReachTheLimitButNotPassIt() throws {
    #expect(try Gzip.decompress(member, name: "file", limit: text.count) == text)
    for (bytes, limit) in [(member, text.count - 1), (member + member, text.count), (member, 0)] {
      let error = #expect(throws: InputError.self) {
        try Gzip.decompress(bytes, name: "file", limit: limit)
      }
      #expect(error?.kind == .badData)
      #expect(
        error?.message.hasPrefix("file: decompresses to more than the \(limit) bytes") == true)
    }
  }

  @Test(arguments: [1, 2])
  func everyTruncationIsAnError(members: Int) {
    let whole = Array(repeatElement(member, count: members).joined())
    for count in whole.indices where count != member.count {
      let error = #expect(throws: InputError.self, "\(count) bytes") {
        try Gzip.decompress(Array(whole[..<count]), name: "file")
      }
      #expect(error?.kind == .badData)
      // One byte of a second member's mark is no mark.
      let expected = count == member.count + 1 ? "1 bytes follow" : "the file is cut short"
      #expect(error?.message.contains(expected) == true, "\(count) bytes")
    }
  }

  /// Only the bits that fill up the last byte of the deflated data mean nothing.
  @Test func noFlippedBitChangesTheOutputUnnoticed() {
    var unnoticed = 0
    for index in headerSize..<member.count {
      for bit in 0..<8 {
        var damaged = member
        damaged[index] ^= 1 << bit
        guard let output = try? Gzip.decompress(damaged, name: "file") else { continue }
        #expect(output == text, "bit \(bit) of byte \(index)")
        unnoticed += 1
      }
    }
    #expect(unnoticed < 8)
  }

  @Test(arguments: badFiles)
  func saysWhatIsWrong(bytes: [UInt8], message: String) {
    let error = #expect(throws: InputError.self) { try Gzip.decompress(bytes, name: "file") }
    #expect(error?.kind == .badData)
    #expect(error?.message.hasPrefix("file: ") == true)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }
}
