import CZlib
import Hypertower

/// The members of a ZIP file, stored or deflated, with or without the extensions for large files (zip64).
///
/// Format: PKWARE's APPNOTE.TXT, sections 4.3 to 4.5. The central directory at the end says where members lie.
package struct ZipArchive: Sendable {
  /// What error messages call the file.
  package let name: String
  private let bytes: StoredArray<UInt8>
  private let members: [String: Member]

  struct Member {
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

  /// - Throws: `InputError(.badData)` when the directory is damaged.
  package init(_ bytes: StoredArray<UInt8>, name: String) throws {
    (self.name, self.bytes) = (name, bytes)
    members = try bytes.withBytes { try Self.members(ZipReader(bytes: $0, name: name)) }
  }

  /// What a member holds: one that is stored in a mapped file lies there.
  ///
  /// - Parameter budget: how much may lie in memory.
  /// - Throws: `InputError` of kind `.badData` when it is damaged, or stored in a way that is not known; `.cannotWrite`
  ///   when there is no room for a temporary file.
  package func contents(
    of memberName: String, in budget: MemoryBudget = MemoryBudget()
  ) throws -> StoredArray<UInt8> {
    let own = "\(name): \(memberName)"
    func fault(_ message: String) -> InputError { InputError(.badData, "\(own): \(message)") }
    guard let member = members[memberName] else { throw fault("is not in the file") }
    guard member.flags & 1 == 0 else { throw fault("is encrypted: save it without a password") }
    return try bytes.withBytes { bytes in
      let reader = ZipReader(bytes: bytes, name: name)
      let place = try reader.data(of: member, fault)
      let data = UnsafeRawBufferPointer(rebasing: bytes[place])
      var (contents, checksum) = (StoredArray<UInt8>([]), Checksum())
      switch member.method {
      case Self.stored:
        guard member.size == member.compressedSize else {
          throw fault(
            "states two sizes, \(member.size) and \(member.compressedSize): the file is damaged")
        }
        checksum.add(data)
        contents = self.bytes[place]
      case Self.deflated:
        guard member.size / Gzip.greatestRatio <= member.compressedSize else {
          throw fault(
            "states a size of \(member.size) for \(member.compressedSize) bytes: the file is damaged"
          )
        }
        contents = try Self.inflate(data, member.size, &checksum, name: own, in: budget)
      default:
        throw fault(
          "is compressed by method \(member.method), expected 0 (stored) or 8 (deflated): save it with numpy.savez "
            + "or numpy.savez_compressed")
      }
      guard checksum.value == member.checksum else {
        throw fault(
          "has another checksum than the file states: the file is damaged; fetch it again")
      }
      return contents
    }
  }

  private static func inflate(
    _ data: UnsafeRawBufferPointer, _ size: Int, _ checksum: inout Checksum, name: String,
    in budget: MemoryBudget
  ) throws -> StoredArray<UInt8> {
    let inflater = Inflater(data, name: name, isRaw: true)
    var output = try StoredArrayBuilder<UInt8>(name, in: budget, expected: size)
    while let chunk = try inflater.next(), output.count <= size {
      try output.append(contentsOf: chunk)
      checksum.add(UnsafeRawBufferPointer(chunk))
    }
    guard output.count == size else {
      throw InputError(
        .badData,
        "\(name): decompresses to \(output.count > size ? "more than" : "\(output.count) bytes, not") the "
          + "\(size) bytes stated: the file is damaged; fetch it again")
    }
    return try output.finish()
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
