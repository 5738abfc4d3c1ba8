/// A JSON value (RFC 8259), as strictly read as file formats need it.
///
/// Numbers keep their text, so that nothing is rounded before its type is known.
package enum JSONValue: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])
}

extension JSONValue {
  /// The value as an integer, if it is a number written without fraction and exponent that fits; −0 is
  /// none.
  package var int: Int? {
    guard case .number(let text) = self, text != "-0" else { return nil }
    return Int(text)
  }

  /// The value as the nearest double, if it is a number in range.
  package var double: Double? {
    guard case .number(let text) = self, let value = Double(text), value.isFinite else {
      return nil
    }
    return value
  }

  package var bool: Bool? {
    guard case .bool(let value) = self else { return nil }
    return value
  }

  package var string: String? {
    guard case .string(let value) = self else { return nil }
    return value
  }

  package var array: [JSONValue]? {
    guard case .array(let values) = self else { return nil }
    return values
  }

  package var object: [String: JSONValue]? {
    guard case .object(let members) = self else { return nil }
    return members
  }

  /// The member named `key`, if the value is an object that has it.
  package subscript(key: String) -> JSONValue? { object?[key] }

  /// The value's kind as error messages name it.
  package var kindName: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let text): "the number \(text)"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
