import Datasets
import Hypertower
import Testing

/// Two rows of three bytes.
private let matrix: [UInt8] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]
/// The same, as gzip -9n makes it.
private let compressedMatrix: [UInt8] = [
  0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63, 0x60, 0xE0, 0x60, 0x62, 0x60,
  0x60, 0x00, 0x61, 0x66, 0x46, 0x26, 0x66, 0x16, 0x56, 0x36, 0x00, 0x48, 0x94, 0x3E, 0xE5, 0x12,
  0x00, 0x00, 0x00,
]
private let magic: [UInt8] = [0, 0, 8]
private let largest: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]

private func parse(_ contents: [UInt8]) throws -> IDXFile {
  try contents.withUnsafeBytes { try IDXFile(contents: $0, name: "file") }
}

private let badFiles: [(contents: [UInt8], message: String)] = [
  ([], "0 bytes are too few for an IDX header, expected at least 4: the file is cut short"),
  ([0, 0, 8], "3 bytes are too few for an IDX header"),
  ([0], "1 byte is too few for an IDX header"),
  ([2, 8, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6], "in the wrong byte order"),
  (
    magic + [2, 2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6],
    "the byte order of its dimensions is wrong: they read [33554432, 50331648], and [2, 3] the"
  ),
  (Array("<!DOCTYPE html>".utf8), "begins with the bytes 3c 21, expected 00 00"),
  ([0, 1, 8, 1, 0, 0, 0, 0], "begins with the bytes 00 01, expected 00 00"),
  ([0, 0, 0x42, 1, 0, 0, 0, 0], "type is 42"),
  ([0, 0, 0x0D, 1, 0, 0, 0, 2, 0, 0, 0, 0], "4 bytes follow the header, expected 8"),
  (magic + [0], "the number of dimensions is 0, expected at least 1"),
  (
    magic + [2, 0, 0, 0, 2, 0, 0],
    "10 bytes are too few for a header of 2 dimensions, expected at least 12"
  ),
  (magic + [255, 0], "too few for a header of 255 dimensions, expected at least 1024"),
  (matrix.dropLast(), "5 bytes follow the header, expected 6 for the dimensions [2, 3]"),
  (matrix + [7], "7 bytes follow the header, expected 6 for the dimensions [2, 3]"),
  (magic + [2] + largest + largest, "are larger than any memory"),
  (magic + [3] + largest + largest + largest, "are larger than any memory"),
  (magic + [1] + largest, "0 bytes follow the header, expected 4294967295"),
]

private let badFilesToCompress: [(contents: [UInt8], message: String)] = [
  (
    magic + [2, 2, 0, 0, 0, 3, 0, 0, 0, 1, 2, 3, 4, 5, 6],
    "the byte order of its dimensions is wrong"
  ),
  (matrix + [7], "decompresses to more than the 18 bytes expected"),
  (matrix.dropLast(), "5 bytes follow the header, expected 6"),
  (magic + [1] + largest, "0 bytes follow the header, expected 4294967295"),
  (Array("no IDX".utf8), "begins with the bytes 6e 6f"),
]

@Suite struct IDXFileTests {
  @Test(arguments: [matrix, compressedMatrix])
  func parsesShapeAndElements(contents: [UInt8]) throws {
    let file = try parse(contents)
    #expect(file.name == "file")
    #expect(file.shape == [2, 3])
    #expect(try file.map { $0 } == [1, 2, 3, 4, 5, 6])
  }

  @Test func sizesAreBigEndian() throws {
    let file = try parse(magic + [1, 0, 1, 2, 3] + [UInt8](repeating: 9, count: 0x10203))
    #expect(file.shape == [0x10203])
    #expect(file.count == 0x10203)
  }

  @Test func aDimensionMayBeEmpty() throws {
    let file = try parse(magic + [2, 0, 0, 0, 0] + largest)
    #expect(file.shape == [0, 0xFFFF_FFFF])
    #expect(file.count == 0)
  }

  @Test(arguments: [matrix, compressedMatrix])
  func everyTruncationIsAnError(contents: [UInt8]) {
    for count in contents.indices {
      let error = #expect(throws: InputError.self, "\(count) bytes") {
        try parse(Array(contents[..<count]))
      }
      #expect(error?.kind == .badData)
      #expect(error?.message.hasPrefix("file: ") == true)
    }
  }

  @Test(arguments: badFiles)
  func saysWhatIsWrong(contents: [UInt8], message: String) {
    let error = #expect(throws: InputError.self) { try parse(contents) }
    #expect(error?.kind == .badData)
    #expect(error?.message.hasPrefix("file: ") == true)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(arguments: badFilesToCompress)
  func saysWhatIsWrongInsideGzip(contents: [UInt8], message: String) throws {
    let error = try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write(contents, to: path)
      _ = try outputOfShell("gzip \(path)")
      return #expect(throws: InputError.self) { try IDXFile(contentsOf: "\(path).gz") }
    }
    #expect(error?.kind == .badData)
    #expect(error?.message.contains("file.gz: ") == true)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test func aSizeThatNoFileDecompressesToTakesNoRoom() throws {
    // 4 TiB of bytes.
    let bomb: [UInt8] = magic + [2, 0, 0x20, 0, 0, 0, 0x20, 0, 0, 1, 2, 3]
    let error = try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write(bomb, to: path)
      _ = try outputOfShell("gzip \(path)")
      return #expect(throws: InputError.self) { try IDXFile(contentsOf: "\(path).gz") }
    }
    #expect(error?.kind == .badData)
    #expect(
      error?.message.contains("3 bytes follow the header, expected 4398046511104 for") == true)
  }
}
