extension JSONValue {
  /// The one JSON value that `bytes` spell in UTF-8, with nothing but white space around it.
  ///
  /// - Parameter name: what the text is, such as a file's name; error messages start with it.
  /// - Throws: `InputError` of kind `.badData` for whatever RFC 8259 does not allow, for an object
  ///   with two members of one name, and for nesting deeper than 128.
  package init(parsing bytes: some Collection<UInt8>, name: String) throws {
    var parser = JSONParser(bytes: Array(bytes), name: name)
    self = try parser.parseDocument()
  }

  /// Whether `byte` may stand between the parts of a JSON text.
  static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
  }
}

/// A recursive descent over the bytes of a JSON text.
private struct JSONParser {
  /// The deepest nesting of arrays and objects: that of safetensors' reference implementation.
  private static let greatestDepth = 127

  let bytes: [UInt8]
  let name: String
  var position = 0

  init(bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
  }

  mutating func parseDocument() throws -> JSONValue {
    let value = try parseValue(depth: 0)
    skipWhiteSpace()
    guard position == bytes.count else { throw unexpected("the end of the text") }
    return value
  }

  private mutating func parseValue(depth: Int) throws -> JSONValue {
    skipWhiteSpace()
    guard let first = next else { throw unexpected("a value") }
    let isContainer = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
    guard depth < Self.greatestDepth || !isContainer else {
      throw error("nested deeper than \(Self.greatestDepth)")
    }
    switch first {
    case UInt8(ascii: "{"): return .object(try parseObject(depth: depth))
    case UInt8(ascii: "["): return .array(try parseArray(depth: depth))
    case UInt8(ascii: "\""): return .string(try parseString())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return .number(try parseNumber())
    case UInt8(ascii: "n"): return try parseWord("null", .null)
    case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
    case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
    default: throw unexpected("a value")
    }
  }

  private mutating func parseObject(depth: Int) throws -> [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    position += 1
    skipWhiteSpace()
    if skip("}") { return members }
    repeat {
      skipWhiteSpace()
      guard next == UInt8(ascii: "\"") else { throw unexpected("a member's name in quotes") }
      let start = position
      let key = try parseString()
      skipWhiteSpace()
      guard skip(":") else { throw unexpected("\":\"") }
      let value = try parseValue(depth: depth + 1)
      guard members.updateValue(value, forKey: key) == nil else {
        throw error("\(JSONValue.quoted(key)) is there twice", at: start)
      }
      skipWhiteSpace()
    } while skip(",")
    guard skip("}") else { throw unexpected("\",\" or \"}\"") }
    return members
  }

  private mutating func parseArray(depth: Int) throws -> [JSONValue] {
    var values: [JSONValue] = []
    position += 1
    skipWhiteSpace()
    if skip("]") { return values }
    repeat {
      values.append(try parseValue(depth: depth + 1))
      skipWhiteSpace()
    } while skip(",")
    guard skip("]") else { throw unexpected("\",\" or \"]\"") }
    return values
  }

  private mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count, bytes[position..<end].elementsEqual("\(word)".utf8) else {
      throw unexpected("\(word)")
    }
    position = end
    return value
  }

  /// -? (0 | [1-9][0-9]*) (\. [0-9]+)? ([eE] [+-]? [0-9]+)?
  private mutating func parseNumber() throws -> String {
    let start = position
    _ = skip("-")
    if !skip("0") { try skipDigits() }
    if skip(".") { try skipDigits() }
    if skip("e") || skip("E") {
      if !skip("+") { _ = skip("-") }
      try skipDigits()
    }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func skipDigits() throws {
    guard let digit = next, isDigit(digit) else { throw unexpected("a digit") }
    while let digit = next, isDigit(digit) { position += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private mutating func parseString() throws -> String {
    let start = position
    var utf8: [UInt8] = []
    position += 1
    while !skip("\"") {
      guard let byte = next else { throw unexpected("the string's closing quotation mark") }
      guard byte >= 0x20 else { throw error("a control character in a string is not escaped") }
      if byte == UInt8(ascii: "\\") {
        utf8.append(contentsOf: String(try parseEscape()).utf8)
      } else {
        utf8.append(byte)
        position += 1
      }
    }
    guard let string = String(validating: utf8, as: UTF8.self) else {
      throw error("a string is no valid UTF-8", at: start)
    }
    return string
  }

  private mutating func parseEscape() throws -> Unicode.Scalar {
    let start = position
    position += 1
    guard let letter = next else { throw unexpected("an escaped character") }
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var units = [try parseCodeUnit()]
      // A character beyond the basic plane is spelled as two code units.
      if UTF16.isLeadSurrogate(units[0]), skip("\\"), skip("u") {
        units.append(try parseCodeUnit())
      }
      guard let text = String(validating: units, as: UTF16.self),
        let scalar = text.unicodeScalars.first
      else { throw error("half of a surrogate pair", at: start) }
      return scalar
    default: throw error("an unknown escape", at: start)
    }
  }

  private mutating func parseCodeUnit() throws -> UInt16 {
    let end = position + 4
    guard end <= bytes.count,
      bytes[position..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
    else { throw unexpected("four hexadecimal digits") }
    position = end
    return unit
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Passes over `character` if it comes next, and says whether it did.
  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipWhiteSpace() {
    while let byte = next, JSONValue.isWhiteSpace(byte) { position += 1 }
  }

  private func unexpected(_ expectation: String) -> InputError {
    guard let next else { return error("ends here, expected \(expectation)") }
    let isPrintable = (0x21...0x7E).contains(next)
    let found = isPrintable ? "\"\(Unicode.Scalar(next))\"" : "byte \(next)"
    return error("found \(found), expected \(expectation)")
  }

  private func error(_ message: String, at offset: Int? = nil) -> InputError {
    InputError(.badData, "\(name): bad JSON at byte \(offset ?? position): \(message)")
  }
}
