import Hypertower

/// What the first bytes of an NPY file say: which elements follow, in which shape and order.
///
/// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3. Eight bytes of
/// mark and version, the length of the text that follows, and a Python dictionary.
struct NPYHeader: Equatable {
  let type: NPYElementType
  /// The sizes of the dimensions, outermost first; none for a single number.
  let shape: [Int]
  let isBigEndian: Bool
  /// Whether the first index runs fastest.
  let isFortran: Bool
  /// The number of bytes of the header itself.
  let size: Int

  static let mark: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// More than any array of numbers needs.
  private static let greatestSize = 1 << 16

  /// Parses the header that `contents` begin with.
  ///
  /// - Throws: `InputError(.badData)`.
  init(of contents: UnsafeRawBufferPointer, name: String) throws {
    func fault(_ message: String) -> InputError { InputError(.badData, "\(name): \(message)") }
    guard contents.starts(with: Self.mark) else {
      throw fault("does not begin as an NPY file: give one that numpy.save wrote")
    }
    guard contents.count >= 12 else {
      throw fault("ends in its header: the file is cut short; save it again")
    }
    let version = contents[6]
    guard (1...3).contains(version) else {
      throw fault(
        "is of version \(version) of the NPY format, expected 1 to 3: save it with another version of NumPy"
      )
    }
    let (start, length) =
      version == 1
      ? (10, Int(UInt16(littleEndian: contents.loadUnaligned(fromByteOffset: 8, as: UInt16.self))))
      : (12, Int(UInt32(littleEndian: contents.loadUnaligned(fromByteOffset: 8, as: UInt32.self))))
    guard length <= Self.greatestSize else {
      throw fault(
        "has a header of \(length) bytes, expected at most \(Self.greatestSize): the file is damaged"
      )
    }
    guard contents.count - start >= length else {
      throw fault("ends in its header: the file is cut short; save it again")
    }
    size = start + length
    let text = Array(contents[start..<size])
    guard let fields = PythonDictionary(text) else {
      throw fault(
        "has a header that is no Python dictionary (from byte \(start) on): the file is damaged; save it again"
      )
    }
    guard case .bool(let isFortran)? = fields["fortran_order"],
      case .tuple(let shape)? = fields["shape"]
    else {
      throw fault(
        "has a header without 'fortran_order' or 'shape': the file is damaged; save it again")
    }
    self.isFortran = isFortran
    self.shape = shape
    guard case .string(let description)? = fields["descr"] else {
      throw fault(
        "holds records of several fields, expected plain numbers: save the fields as arrays of their own"
      )
    }
    (type, isBigEndian) = try Self.type(description, fault)
    guard let count = shape.product(),
      count.multipliedReportingOverflow(by: type.size).overflow == false
    else { throw fault("states the shape \(shape), which no file can have: the file is damaged") }
  }

  /// The type that a description such as `<f4` names, and whether its most significant byte comes first.
  private static func type(
    _ description: String, _ fault: (String) -> InputError
  ) throws -> (NPYElementType, isBigEndian: Bool) {
    let code = description.drop { "<>|=".contains($0) }
    if let type = NPYElementType(rawValue: String(code)) {
      return (type, description.hasPrefix(">"))
    }
    let remedy = "save numbers, as x.astype(numpy.float32)"
    switch code.first {
    case "O":
      throw fault(
        "holds Python objects (dtype object), which are code and not read, expected numbers: \(remedy), or of "
          + "arrays of different lengths one file each")
    case "U", "S":
      throw fault(
        "holds texts (dtype \(description)), expected numbers: save the classes' numbers, as numpy.unique(y, "
          + "return_inverse=True)[1] gives them")
    case "c":
      throw fault(
        "holds complex numbers (dtype \(description)), expected real ones: \(remedy) of x.real")
    default: throw fault("holds elements of dtype \(description), expected numbers: \(remedy)")
    }
  }
}

/// A Python dictionary with texts as keys, as an NPY file's header is.
private struct PythonDictionary {
  enum Value {
    case string(String)
    case bool(Bool)
    case tuple([Int])
    /// Anything else, such as a list.
    case other
  }

  private var fields: [String: Value] = [:]

  subscript(key: String) -> Value? { fields[key] }

  /// nil if `text` is none.
  init?(_ text: [UInt8]) {
    var rest = text[...]
    func next() -> UInt8? { rest.first }
    func skipSpace() { rest = rest.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x09 } }
    func skip(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard rest.first == UInt8(ascii: character) else { return false }
      rest.removeFirst()
      return true
    }
    func word(_ text: String) -> Bool {
      guard rest.starts(with: text.utf8) else { return false }
      rest.removeFirst(text.utf8.count)
      return true
    }
    func string() -> String? {
      skipSpace()
      guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
        return nil
      }
      rest.removeFirst()
      guard let end = rest.firstIndex(of: quote) else { return nil }
      defer { rest = rest[(end + 1)...] }
      return String(decoding: rest[..<end], as: UTF8.self)
    }
    func tuple() -> [Int]? {
      var numbers: [Int] = []
      while !skip(")") {
        skipSpace()
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        rest.removeFirst(digits.count)
        // Python 2 wrote an L after long numbers.
        _ = skip("L")
        numbers.append(number)
        guard
          skip(",")
            || {
              skipSpace()
              return rest.first == UInt8(ascii: ")")
            }()
        else { return nil }
      }
      return numbers
    }
    func value() -> Value? {
      skipSpace()
      if let text = string() { return .string(text) }
      if word("True") { return .bool(true) }
      if word("False") { return .bool(false) }
      if skip("(") { return tuple().map { .tuple($0) } }
      guard skip("[") else { return nil }
      var depth = 1
      while depth > 0, let byte = rest.popFirst() {
        if byte == UInt8(ascii: "[") { depth += 1 }
        if byte == UInt8(ascii: "]") { depth -= 1 }
      }
      return depth == 0 ? .other : nil
    }
    guard skip("{") else { return nil }
    while !skip("}") {
      guard let key = string(), skip(":"), let value = value() else { return nil }
      fields[key] = value
      guard
        skip(",")
          || {
            skipSpace()
            return rest.first == UInt8(ascii: "}")
          }()
      else { return nil }
    }
  }
}
