import CZlib
import Hypertower

/// The members of a ZIP file, stored or deflated, with or without the extensions for large files (zip64).
///
/// Format: PKWARE's APPNOTE.TXT, sections 4.3 to 4.5. The central directory at the end says where members lie.
package struct ZipArchive: Sendable {
  /// What error messages call the file.
  package let name: String
  private let bytes: [UInt8]
  private let members: [String: Member]

  private struct Member {
    var method: UInt16
    var flags: UInt16
    var checksum: UInt32
    var compressedSize: Int
    var size: Int
    var headerOffset: Int
  }

  /// The names of all members, in order.
  package var names: [String] { members.keys.sorted() }

  static let mark: [UInt8] = Array("PK".utf8)
  private static let stored: UInt16 = 0
  private static let deflated: UInt16 = 8
  /// Deflated data are at least this part of what they stand for.
  private static let greatestRatio = 1032

  /// - Throws: `InputError(.badData)` when the directory is damaged.
  package init(_ bytes: [UInt8], name: String) throws {
    (self.name, self.bytes) = (name, bytes)
    members = try Self.members(ZipReader(bytes: bytes, name: name))
  }

  /// What a member holds.
  ///
  /// - Throws: `InputError(.badData)` when it is damaged, or stored in a way that is not known.
  package func contents(of memberName: String) throws -> [UInt8] {
    let own = "\(name): \(memberName)"
    func fault(_ message: String) -> InputError { InputError(.badData, "\(own): \(message)") }
    guard let member = members[memberName] else { throw fault("is not in the file") }
    guard member.flags & 1 == 0 else { throw fault("is encrypted: save it without a password") }
    let reader = ZipReader(bytes: bytes, name: name)
    guard try reader.number32(member.headerOffset) == 0x0403_4B50 else {
      throw fault(
        "has no header at byte \(member.headerOffset): the file is damaged; save it again")
    }
    let start =
      try member.headerOffset + 30 + Int(reader.number16(member.headerOffset + 26))
      + Int(reader.number16(member.headerOffset + 28))
    let data = try reader.bytes(start, member.compressedSize)
    try MachineMemory.check(member.size, for: own)
    let contents: [UInt8]
    switch member.method {
    case Self.stored:
      guard member.size == member.compressedSize else {
        throw fault(
          "states two sizes, \(member.size) and \(member.compressedSize): the file is damaged")
      }
      contents = Array(data)
    case Self.deflated:
      guard member.size / Self.greatestRatio <= member.compressedSize else {
        throw fault(
          "states a size of \(member.size) for \(member.compressedSize) bytes: the file is damaged")
      }
      contents = try Array(data).withUnsafeBytes { try Self.inflate($0, member.size, name: own) }
    default:
      throw fault(
        "is compressed by method \(member.method), expected 0 (stored) or 8 (deflated): save it with numpy.savez "
          + "or numpy.savez_compressed")
    }
    let checksum = contents.withUnsafeBytes { Self.checksum(of: $0) }
    guard checksum == member.checksum else {
      throw fault("has another checksum than the file states: the file is damaged; fetch it again")
    }
    return contents
  }

  private static func inflate(
    _ data: UnsafeRawBufferPointer, _ size: Int, name: String
  ) throws -> [UInt8] {
    let inflater = Inflater(data, name: name, isRaw: true)
    var output: [UInt8] = []
    output.reserveCapacity(size)
    while let chunk = try inflater.next(), output.count <= size { output += chunk }
    guard output.count == size else {
      throw InputError(
        .badData,
        "\(name): decompresses to \(output.count > size ? "more than" : "\(output.count) bytes, not") the "
          + "\(size) bytes stated: the file is damaged; fetch it again")
    }
    return output
  }

  /// The CRC-32 of some bytes, in parts, as zlib counts in 32 bits.
  private static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt32 {
    var (checksum, rest) = (crc32(0, nil, 0), bytes[...])
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      checksum = crc32(
        checksum, part.assumingMemoryBound(to: UInt8.self).baseAddress, uInt(part.count))
      rest = rest.dropFirst(part.count)
    }
    return UInt32(truncatingIfNeeded: checksum)
  }

  private static func members(_ reader: ZipReader) throws -> [String: Member] {
    var (offset, count) = try reader.directory()
    var members: [String: Member] = [:]
    while count > 0 {
      guard try reader.number32(offset) == 0x0201_4B50 else {
        throw reader.fault(
          "has no entry of its directory at byte \(offset): the file is damaged; save it again")
      }
      let (nameLength, extraLength, commentLength) = (
        Int(try reader.number16(offset + 28)), Int(try reader.number16(offset + 30)),
        Int(try reader.number16(offset + 32))
      )
      let memberName = String(decoding: try reader.bytes(offset + 46, nameLength), as: UTF8.self)
      var sizes = [
        UInt64(try reader.number32(offset + 24)), UInt64(try reader.number32(offset + 20)),
        UInt64(try reader.number32(offset + 42)),
      ]
      try reader.extend(&sizes, offset + 46 + nameLength, extraLength)
      let limit = UInt64(Int.max / 4)
      guard sizes.allSatisfy({ $0 < limit }) else {
        throw reader.fault("states sizes that no file has: the file is damaged; save it again")
      }
      members[memberName] = Member(
        method: try reader.number16(offset + 10), flags: try reader.number16(offset + 8),
        checksum: try reader.number32(offset + 16), compressedSize: Int(sizes[1]),
        size: Int(sizes[0]), headerOffset: Int(sizes[2]))
      offset += 46 + nameLength + extraLength + commentLength
      count -= 1
    }
    return members
  }
}

/// Reads numbers of a ZIP file, which have their least significant byte first.
private struct ZipReader {
  let bytes: [UInt8]
  let name: String

  func fault(_ message: String) -> InputError { InputError(.badData, "\(name): \(message)") }

  func bytes(_ start: Int, _ count: Int) throws -> ArraySlice<UInt8> {
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
