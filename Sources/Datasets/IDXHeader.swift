import Hypertower

/// What the first bytes of an IDX file say: which elements follow, in which shape.
///
/// Two zeros, the type of the elements, the number of dimensions, and the size of each dimension
/// as a big-endian 32-bit number.
struct IDXHeader {
  let shape: [Int]
  let type: IDXElementType
  /// The number of bytes of the header itself.
  let size: Int
  /// The number of bytes of all elements.
  let byteCount: Int

  /// The number of bytes of the whole file.
  var fileSize: Int { size + byteCount }

  /// The number of bytes of the largest header there is, of 255 dimensions.
  static let greatestSize = 4 + 4 * 255

  /// Parses the header that `contents` begin with.
  ///
  /// - Parameters:
  ///   - name: What error messages call the file.
  ///   - statedSize: The lower 32 bits of the size of the whole file, by which a wrong byte order is
  ///     told from other damage.
  /// - Throws: `InputError` of kind `.badData`.
  init(
    of contents: some RandomAccessCollection<UInt8>, name: String, statedSize: UInt32
  ) throws {
    func fault(_ message: String) -> InputError { InputError(.badData, "\(name): \(message)") }

    let bytes = Array(contents.prefix(Self.greatestSize))
    guard bytes.count >= 4 else {
      throw fault(
        "\(counted(bytes.count)) too few for an IDX header, expected at least 4: "
          + "the file is cut short; fetch it again")
    }
    if bytes[0] > 0, IDXElementType(rawValue: bytes[1]) != nil, bytes[2] == 0, bytes[3] == 0 {
      throw fault(
        "begins with \(hexadecimal(bytes[0])) \(hexadecimal(bytes[1])) 00 00, the start of an IDX "
          + "file in the wrong byte order: write the header's numbers with the most significant byte "
          + "first")
    }
    guard bytes[0] == 0, bytes[1] == 0 else {
      throw fault(
        "begins with the bytes \(hexadecimal(bytes[0])) \(hexadecimal(bytes[1])), expected "
          + "00 00 (an IDX file) or 1f 8b (one compressed by gzip): give the data set's own files")
    }
    guard let type = IDXElementType(rawValue: bytes[2]) else {
      let known = IDXElementType.allCases.map { hexadecimal($0.rawValue) }
      throw fault(
        "the elements' type is \(hexadecimal(bytes[2])), which is unknown; expected one of "
          + "\(known.joined(separator: ", ")): the file is damaged")
    }
    self.type = type
    let rank = Int(bytes[3])
    guard rank > 0 else {
      throw fault("the number of dimensions is 0, expected at least 1: the file is damaged")
    }
    size = 4 + 4 * rank
    guard bytes.count >= size else {
      throw fault(
        "\(counted(bytes.count)) too few for a header of \(rank) dimensions, "
          + "expected at least \(size): the file is cut short; fetch it again")
    }
    shape = (1...rank).map { dimension in
      bytes[(4 * dimension)..<(4 * dimension + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
    if let swapped = Self.byteSwapped(shape, type, headerSize: size, statedSize: statedSize) {
      throw fault(
        "the byte order of its dimensions is wrong: they read \(shape), and \(swapped) the other way "
          + "round, which fits: write the header's numbers with the most significant byte first")
    }
    guard let byteCount = (shape + [type.size]).product(), byteCount <= Int.max - size else {
      throw fault("the dimensions \(shape) are larger than any memory: the file is damaged")
    }
    self.byteCount = byteCount
  }

  /// The sizes with their bytes in the opposite order, if the file's size fits these alone.
  private static func byteSwapped(
    _ shape: [Int], _ type: IDXElementType, headerSize: Int, statedSize: UInt32
  ) -> [Int]? {
    func fits(_ shape: [Int]) -> Bool {
      guard let byteCount = (shape + [type.size]).product() else { return false }
      return UInt32(truncatingIfNeeded: byteCount) &+ UInt32(headerSize) == statedSize
    }
    let swapped = shape.map { Int(UInt32($0).byteSwapped) }
    return !fits(shape) && fits(swapped) ? swapped : nil
  }
}

/// So many bytes as the subject of a sentence: `1 byte is`, `2 bytes are`.
private func counted(_ bytes: Int) -> String { bytes == 1 ? "1 byte is" : "\(bytes) bytes are" }

/// `byte` as two hexadecimal digits.
private func hexadecimal(_ byte: UInt8) -> String {
  (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
