import Hypertower

/// JSON being written, with the members of objects in the order in which they are given.
enum JSONText {
  case null
  case bool(Bool)
  case integer(Int)
  /// A number in full precision; null if it is not finite, for which JSON has no number.
  case number(Double)
  case string(String)
  case array([JSONText])
  case object([(key: String, value: JSONText)])

  /// The value on one line.
  var text: String {
    var result = ""
    write(to: &result)
    return result
  }

  private func write(to result: inout String) {
    switch self {
    case .null: result += "null"
    case .bool(let value): result += value ? "true" : "false"
    case .integer(let value): result += String(value)
    case .number(let value): result += value.isFinite ? value.description : "null"
    case .string(let value): result += JSONValue.quoted(value)
    case .array(let values):
      result += "["
      for (index, value) in values.enumerated() {
        if index > 0 { result += ", " }
        value.write(to: &result)
      }
      result += "]"
    case .object(let members):
      result += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { result += ", " }
        result += JSONValue.quoted(member.key)
        result += ": "
        member.value.write(to: &result)
      }
      result += "}"
    }
  }
}
