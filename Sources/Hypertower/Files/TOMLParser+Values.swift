/// Values of a TOML document.
extension TOMLParser {
  mutating func parseValue(depth: Int) throws -> TOMLValue {
    switch next {
    case UInt8(ascii: "\"")?: return .string(try parseString(isOneLine: false))
    case UInt8(ascii: "'")?: return .string(try parseLiteral(isOneLine: false))
    case UInt8(ascii: "[")?: return .array(try parseArray(depth: depth))
    case UInt8(ascii: "{")?: return .table(try parseInlineTable(depth: depth).table)
    default: return try parseWord()
    }
  }

  private mutating func parseArray(depth: Int) throws -> [TOMLValue] {
    guard depth < Self.greatestDepth else { throw tooDeep }
    var values: [TOMLValue] = []
    position += 1
    repeat {
      try skipLines()
      if next == UInt8(ascii: "]") { break }
      values.append(try parseValue(depth: depth + 1))
      try skipLines()
    } while skip(",")
    guard skip("]") else { throw unexpected("\",\" or \"]\"") }
    return values
  }

  // MARK: Numbers and truth values

  /// A value without quotation marks.
  private mutating func parseWord() throws -> TOMLValue {
    let start = position
    while let byte = next, !" \t\r\n,]}#=".utf8.contains(byte) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    switch word {
    case "": throw unexpected("a value")
    case "true", "false": return .bool(word == "true")
    case "inf", "+inf": return .float("inf")
    case "-inf": return .float("-inf")
    case "nan", "+nan", "-nan": return .float("nan")
    default: break
    }
    if let number = Self.number(word) { return number }
    let isDate =
      word.utf8.count > 4
      && word.utf8.contains { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":") }
    guard !(isDate && word.utf8.prefix(2).allSatisfy { Self.isDigit($0) }) else {
      throw error(
        "'\(word)' is a date or a time, and settings have none: put it in quotation marks")
    }
    throw error("'\(word)' is no value: texts stand in quotation marks")
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func number(_ word: String) -> TOMLValue? {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
      guard let digits = joined(word.dropFirst(2)), digits.first != "+", digits.first != "-" else {
        return nil
      }
      return UInt64(digits, radix: radix).map { .integer("\($0)") }
    }
    let sign = word.first == "-" ? "-" : ""
    let unsigned = word.first == "-" || word.first == "+" ? word.dropFirst() : word[...]
    let mantissa = unsigned.prefix { $0 != "e" && $0 != "E" }
    let parts = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = decimal(parts[0]), whole == "0" || whole.first != "0" else { return nil }
    var text = sign + whole
    if parts.count > 1 {
      guard let fraction = decimal(parts[1]) else { return nil }
      text += ".\(fraction)"
    }
    if mantissa.endIndex < unsigned.endIndex {
      let exponent = unsigned[mantissa.endIndex...].dropFirst()
      let digits = exponent.first == "-" || exponent.first == "+" ? exponent.dropFirst() : exponent
      guard let digits = decimal(digits) else { return nil }
      text += "e\(exponent.first == "-" ? "-" : "")\(digits)"
    } else if parts.count == 1 {
      return .integer(text == "-0" ? "0" : text)
    }
    return .float(text)
  }

  /// The decimal digits of `text`, between which single underscores may stand; nil if it is anything else.
  private static func decimal(_ text: Substring) -> String? {
    joined(text).flatMap { $0.utf8.allSatisfy(isDigit) ? $0 : nil }
  }

  /// `text` without single underscores inside; nil if they stand elsewhere, or it is empty.
  private static func joined(_ text: Substring) -> String? {
    let parts = text.split(separator: "_", omittingEmptySubsequences: false)
    return parts.allSatisfy { !$0.isEmpty } ? parts.joined() : nil
  }

  // MARK: Strings

  /// A string in quotation marks, in which a backslash begins an escape.
  ///
  /// - Parameter isOneLine: whether three quotation marks begin no string of several lines.
  mutating func parseString(isOneLine: Bool) throws -> String {
    let isLong = !isOneLine && skipTriple("\"")
    if !isLong { position += 1 }
    if isLong { _ = skipLineEnd() }
    var utf8: [UInt8] = []
    while !skipEnd("\"", isLong, &utf8) {
      if next == UInt8(ascii: "\\") {
        if isLong, skipContinuation() { continue }
        utf8 += String(try parseEscape()).utf8
      } else {
        try appendPlain(to: &utf8, isLong)
      }
    }
    return String(decoding: utf8, as: UTF8.self)
  }

  /// A string in apostrophes, which has no escapes.
  mutating func parseLiteral(isOneLine: Bool) throws -> String {
    let isLong = !isOneLine && skipTriple("'")
    if !isLong { position += 1 }
    if isLong { _ = skipLineEnd() }
    var utf8: [UInt8] = []
    while !skipEnd("'", isLong, &utf8) { try appendPlain(to: &utf8, isLong) }
    return String(decoding: utf8, as: UTF8.self)
  }

  private mutating func skipTriple(_ mark: Unicode.Scalar) -> Bool {
    guard
      bytes[position...].prefix(3).elementsEqual([UInt8](repeating: UInt8(ascii: mark), count: 3))
    else { return false }
    position += 3
    return true
  }

  /// Passes over the marks that end a string. Up to two marks may stand before the three that end a long one.
  private mutating func skipEnd(_ mark: Unicode.Scalar, _ isLong: Bool, _ utf8: inout [UInt8])
    -> Bool
  {
    guard isLong else { return skip(mark) }
    let count = bytes[position...].prefix(5).prefix { $0 == UInt8(ascii: mark) }.count
    guard count >= 3 else { return false }
    utf8 += [UInt8](repeating: UInt8(ascii: mark), count: count - 3)
    position += count
    return true
  }

  private mutating func appendPlain(to utf8: inout [UInt8], _ isLong: Bool) throws {
    let start = position
    if isLong, skipLineEnd() {
      utf8 += bytes[start..<position]
      return
    }
    guard let byte = next, byte != 0x0A, byte != 0x0D else {
      throw unexpected("the string's closing marks")
    }
    guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { throw controlCharacter(byte) }
    utf8.append(byte)
    position += 1
  }

  /// Passes over a backslash at the end of a line with the white space after it, and says whether there is one.
  private mutating func skipContinuation() -> Bool {
    let (start, startLine) = (position, line)
    position += 1
    skipBlanks()
    guard skipLineEnd() else {
      (position, line) = (start, startLine)
      return false
    }
    repeat { skipBlanks() } while skipLineEnd()
    return true
  }

  private mutating func parseEscape() throws -> Unicode.Scalar {
    position += 1
    guard let letter = next else { throw unexpected("an escaped character") }
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let count = letter == UInt8(ascii: "u") ? 4 : 8
      let digits = bytes[position...].prefix(count)
      guard digits.count == count, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
        let code = UInt32(String(decoding: digits, as: UTF8.self), radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw error("an escape that is no character") }
      position += count
      return scalar
    default:
      throw error(
        "the unknown escape '\\\(Character(Unicode.Scalar(letter)))': a string in apostrophes has no escapes"
      )
    }
  }
}
