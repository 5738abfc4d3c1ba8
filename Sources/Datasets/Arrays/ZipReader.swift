import Hypertower

/// Reads numbers of a ZIP file, which have their least significant byte first.
struct ZipReader {
  let bytes: UnsafeRawBufferPointer
  let name: String

  func fault(_ message: String) -> InputError { InputError(.badData, "\(name): \(message)") }

  func bytes(_ start: Int, _ count: Int) throws -> Slice<UnsafeRawBufferPointer> {
    guard start >= 0, count >= 0, start <= bytes.count, count <= bytes.count - start else {
      throw fault("ends before byte \(start) + \(count): the file is cut short; fetch it again")
    }
    return bytes[start..<start + count]
  }

  func number16(_ start: Int) throws -> UInt16 {
    try bytes(start, 2).reversed().reduce(0) { $0 << 8 | UInt16($1) }
  }

  func number32(_ start: Int) throws -> UInt32 {
    try bytes(start, 4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  func number64(_ start: Int) throws -> UInt64 {
    try bytes(start, 8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Where a member's data lie.
  ///
  /// - Parameter fault: makes the error of a message.
  func data(of member: ZipArchive.Member, _ fault: (String) -> InputError) throws -> Range<Int> {
    guard try number32(member.headerOffset) == 0x0403_4B50 else {
      throw fault(
        "has no header at byte \(member.headerOffset): the file is damaged; save it again")
    }
    let start =
      try member.headerOffset + 30 + Int(number16(member.headerOffset + 26))
      + Int(number16(member.headerOffset + 28))
    return try bytes(start, member.compressedSize).indices
  }

  /// Where the directory begins, and how many entries it has.
  func directory() throws -> (offset: Int, count: Int) {
    // Its end may be followed by a comment of up to 64 KiB.
    let mark: [UInt8] = [0x50, 0x4B, 5, 6]
    let first = max(0, bytes.count - 22 - 65_535)
    guard bytes.count >= 22,
      let end = (first...bytes.count - 22).last(where: { bytes[$0..<$0 + 4].elementsEqual(mark) })
    else {
      throw fault(
        "has no directory at its end: the file is cut short or no ZIP file; fetch it again")
    }
    var (count, offset) = (
      UInt64(try number16(end + 10)), UInt64(try number32(end + 16))
    )
    if end >= 20, try number32(end - 20) == 0x0706_4B50 {
      let large = try number64(end - 12)
      guard large < UInt64(bytes.count), try number32(Int(large)) == 0x0606_4B50 else {
        throw fault("has no zip64 directory where it says: the file is damaged; fetch it again")
      }
      (count, offset) = (try number64(Int(large) + 32), try number64(Int(large) + 48))
    }
    // An entry has 46 bytes at least.
    guard offset <= UInt64(bytes.count), count <= UInt64(bytes.count) / 46 else {
      throw fault("states a directory beyond its end: the file is damaged; fetch it again")
    }
    return (Int(offset), Int(count))
  }

  /// Replaces sizes that do not fit into 32 bits by those in the entry's zip64 field.
  func extend(_ sizes: inout [UInt64], _ start: Int, _ length: Int) throws {
    var place = start
    while place + 4 <= start + length {
      let (kind, size) = (try number16(place), Int(try number16(place + 2)))
      if kind == 1 {
        var own = place + 4
        for index in sizes.indices where sizes[index] == 0xFFFF_FFFF {
          sizes[index] = try number64(own)
          own += 8
        }
      }
      place += 4 + size
    }
  }
}
