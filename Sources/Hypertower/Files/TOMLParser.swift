extension TOMLTable {
  /// The document that `bytes` spell in UTF-8.
  ///
  /// - Parameter name: what the text is, such as a file's name; error messages start with it and the line.
  /// - Throws: `InputError(.badData)` for whatever TOML 1.0 does not allow, for dates, times and arrays of tables,
  ///   and for nesting deeper than 32.
  package init(parsing bytes: some Collection<UInt8>, name: String) throws {
    let bytes = Array(bytes)
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw InputError(.badData, "\(name): is not UTF-8")
    }
    var parser = TOMLParser(bytes: bytes, name: name)
    self = try parser.parseDocument()
  }
}

/// A pass over the lines of a TOML document; its values are in `TOMLParser+Values.swift`.
///
/// It keeps the line of each value, which errors about options name; packages that read TOML in Swift (TOMLKit 0.6.0)
/// do not tell it.
struct TOMLParser {
  /// The deepest nesting of arrays and tables, and the most parts of a key.
  static let greatestDepth = 32

  let bytes: [UInt8]
  let name: String
  var position = 0
  var line = 1

  init(bytes: [UInt8], name: String) {
    (self.bytes, self.name) = (bytes, name)
  }

  mutating func parseDocument() throws -> TOMLTable {
    let root = TableDraft(.header)
    var current = root
    // Editors of other systems put a byte order mark first.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    while true {
      try skipLines()
      guard let first = next else { return root.table }
      if first == UInt8(ascii: "[") {
        current = try parseHeader(in: root)
      } else {
        try parsePair(in: current, depth: 0)
      }
      try skipRestOfLine()
    }
  }

  /// A line such as `[a.b]`: the table that the next pairs belong to.
  private mutating func parseHeader(in root: TableDraft) throws -> TableDraft {
    let start = line
    position += 1
    guard next != UInt8(ascii: "[") else {
      throw error("arrays of tables are not read: write [name] once")
    }
    skipBlanks()
    let key = try parseKey()
    guard skip("]") else { throw unexpected("\"]\"") }
    var table = root
    for part in key.dropLast() {
      switch table[part] {
      case .table(let inner, _) where inner.origin != .inline: table = inner
      case let other?: throw twice(part, line: start, first: other.line)
      case nil: table = table.adding(part, .implied, line: start)
      }
    }
    switch table[key[key.count - 1]] {
    case nil: return table.adding(key[key.count - 1], .header, line: start)
    case .table(let inner, _) where inner.origin == .implied:
      inner.origin = .header
      return inner
    case let other?: throw twice(key.joined(separator: "."), line: start, first: other.line)
    }
  }

  /// A pair such as `a.b = 1`.
  mutating func parsePair(in table: TableDraft, depth: Int) throws {
    let start = line
    let key = try parseKey()
    guard skip("=") else { throw unexpected("\"=\" after the key '\(key.joined(separator: "."))'") }
    skipBlanks()
    var table = table
    for part in key.dropLast() {
      switch table[part] {
      case .table(let inner, _) where inner.origin == .dotted: table = inner
      case let other?: throw twice(part, line: start, first: other.line)
      case nil: table = table.adding(part, .dotted, line: start)
      }
    }
    let last = key[key.count - 1]
    if let other = table[last] {
      throw twice(key.joined(separator: "."), line: start, first: other.line)
    }
    if next == UInt8(ascii: "{") {
      table.adding(last, try parseInlineTable(depth: depth), line: start)
    } else {
      table[last] = .value(try parseValue(depth: depth), line: start)
    }
  }

  /// A table in braces.
  mutating func parseInlineTable(depth: Int) throws -> TableDraft {
    guard depth < Self.greatestDepth else { throw tooDeep }
    let table = TableDraft(.inline)
    position += 1
    skipBlanks()
    if skip("}") { return table }
    repeat {
      skipBlanks()
      try parsePair(in: table, depth: depth + 1)
      skipBlanks()
    } while skip(",")
    guard skip("}") else { throw unexpected("\",\" or \"}\" on the same line") }
    return table
  }

  /// The parts of a key, with the blanks after it.
  private mutating func parseKey() throws -> [String] {
    var parts: [String] = []
    repeat {
      skipBlanks()
      parts.append(try parseKeyPart())
      skipBlanks()
    } while skip(".")
    guard parts.count <= Self.greatestDepth else { throw tooDeep }
    return parts
  }

  private mutating func parseKeyPart() throws -> String {
    switch next {
    case UInt8(ascii: "\"")?: return try parseString(isOneLine: true)
    case UInt8(ascii: "'")?: return try parseLiteral(isOneLine: true)
    default:
      let start = position
      while let byte = next, Self.isBare(byte) { position += 1 }
      guard start < position else { throw unexpected("a key") }
      return String(decoding: bytes[start..<position], as: UTF8.self)
    }
  }

  private static func isBare(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  // MARK: Lines

  var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  /// Passes over `character` if it comes next, and says whether it did.
  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func skipBlanks() {
    while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { position += 1 }
  }

  /// Passes over a line's end if it comes next, and says whether it did.
  mutating func skipLineEnd() -> Bool {
    if bytes[position...].starts(with: [0x0D, 0x0A]) { position += 1 }
    guard skip("\n") else { return false }
    line += 1
    return true
  }

  /// Passes over blanks, comments and ends of lines.
  mutating func skipLines() throws {
    repeat {
      skipBlanks()
      try skipComment()
    } while skipLineEnd()
  }

  private mutating func skipComment() throws {
    guard next == UInt8(ascii: "#") else { return }
    while let byte = next, byte != 0x0A, !bytes[position...].starts(with: [0x0D, 0x0A]) {
      guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { throw controlCharacter(byte) }
      position += 1
    }
  }

  private mutating func skipRestOfLine() throws {
    skipBlanks()
    try skipComment()
    guard next == nil || skipLineEnd() else { throw unexpected("the end of the line") }
  }

  // MARK: Errors

  var tooDeep: InputError { error("nested deeper than \(Self.greatestDepth)") }

  func controlCharacter(_ byte: UInt8) -> InputError {
    error("the control character \(byte) is not allowed here")
  }

  func unexpected(_ expectation: String) -> InputError {
    guard let next, next != 0x0A, next != 0x0D else {
      return error("\(next == nil ? "the file" : "the line") ends, expected \(expectation)")
    }
    let found = (0x21...0x7E).contains(next) ? "\"\(Unicode.Scalar(next))\"" : "byte \(next)"
    return error("found \(found), expected \(expectation)")
  }

  func error(_ message: String) -> InputError { error(message, line: line) }

  private func error(_ message: String, line: Int) -> InputError {
    InputError(.badData, "\(name):\(line): \(message)")
  }

  private func twice(_ key: String, line: Int, first: Int) -> InputError {
    error("'\(key)' is there already, in line \(first)", line: line)
  }
}

/// A table while a document is read.
final class TableDraft {
  /// What has made it, which decides what may add to it.
  enum Origin {
    /// A line such as `[a]`.
    case header
    /// A longer one, such as `[a.b]`: `[a]` may follow.
    case implied
    /// A key with dots, to which others of the same table may add.
    case dotted
    /// Braces, after which nothing adds to it.
    case inline
  }

  enum Item {
    case value(TOMLValue, line: Int)
    case table(TableDraft, line: Int)

    var line: Int {
      switch self {
      case .value(_, let line), .table(_, let line): line
      }
    }
  }

  var origin: Origin
  private var keys: [String] = []
  private var items: [String: Item] = [:]

  init(_ origin: Origin) { self.origin = origin }

  /// Setting is for keys that are not there yet.
  subscript(key: String) -> Item? {
    get { items[key] }
    set {
      keys.append(key)
      items[key] = newValue
    }
  }

  func adding(_ key: String, _ origin: Origin, line: Int) -> TableDraft {
    adding(key, TableDraft(origin), line: line)
  }

  @discardableResult
  func adding(_ key: String, _ table: TableDraft, line: Int) -> TableDraft {
    self[key] = .table(table, line: line)
    return table
  }

  var table: TOMLTable {
    TOMLTable(
      entries: keys.map { key in
        switch items[key]! {
        case .value(let value, let line): .init(key: key, line: line, value: value)
        case .table(let draft, let line): .init(key: key, line: line, value: .table(draft.table))
        }
      })
  }
}
