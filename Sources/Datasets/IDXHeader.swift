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
  /// - Parameter name: What error messages call the file.
  /// - Throws: `InputError` of kind `.badData`.
  init(of contents: some RandomAccessCollection<UInt8>, name: String) throws {
    func fault(_ message: String) -> InputError { InputError(.badData, "\(name): \(message)") }

    let bytes = Array(contents.prefix(Self.greatestSize))
    guard bytes.count >= 4 else {
      throw fault(
        "\(bytes.count) bytes are too few for an IDX header, expected at least 4: "
          + "the file is cut short; fetch it again")
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
        "\(bytes.count) bytes are too few for a header of \(rank) dimensions, "
          + "expected at least \(size): the file is cut short; fetch it again")
    }
    shape = (1...rank).map { dimension in
      bytes[(4 * dimension)..<(4 * dimension + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
    guard let byteCount = (shape + [type.size]).product(), byteCount <= Int.max - size else {
      throw fault("the dimensions \(shape) are larger than any memory: the file is damaged")
    }
    self.byteCount = byteCount
  }
}

/// `byte` as two hexadecimal digits.
private func hexadecimal(_ byte: UInt8) -> String {
  (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
