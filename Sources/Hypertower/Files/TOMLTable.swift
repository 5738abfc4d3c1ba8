/// A table of a TOML document (version 1.0): its keys in the order of the file, each with its line.
///
/// Dates, times, and arrays of tables are refused: settings have none.
package struct TOMLTable: Equatable, Sendable {
  package struct Entry: Equatable, Sendable {
    package let key: String
    /// The line of the key, from 1.
    package let line: Int
    package let value: TOMLValue

    package init(key: String, line: Int, value: TOMLValue) {
      (self.key, self.line, self.value) = (key, line, value)
    }
  }

  package let entries: [Entry]

  package init(entries: [Entry]) { self.entries = entries }
}

/// A value of a TOML document.
///
/// Numbers keep their digits, so that nothing is rounded before its type is known.
package enum TOMLValue: Equatable, Sendable {
  case string(String)
  /// Decimal digits, perhaps after a minus sign.
  case integer(String)
  /// As Swift reads a number; also `inf`, `-inf` and `nan`.
  case float(String)
  case bool(Bool)
  case array([TOMLValue])
  case table(TOMLTable)

  /// The value's kind as error messages name it.
  package var kindName: String {
    switch self {
    case .string: "a string"
    case .integer(let text), .float(let text): "the number \(text)"
    case .bool(let value): "\(value)"
    case .array: "an array"
    case .table: "a table"
    }
  }

  /// `text` as a string of one line in a document.
  package static func quoted(_ text: String) -> String {
    "\"" + text.unicodeScalars.map(escaped).joined() + "\""
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": "\\\""
    case "\\": "\\\\"
    case "\n": "\\n"
    case "\t": "\\t"
    case _ where scalar.value < 0x20 || scalar.value == 0x7F:
      "\\u00" + (scalar.value < 0x10 ? "0" : "") + String(scalar.value, radix: 16)
    default: String(scalar)
    }
  }
}
