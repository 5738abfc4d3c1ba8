import Hypertower

/// An option with the value that it has in a run.
struct SettingsOption {
  enum Value {
    case text(String)
    /// As Swift writes a number.
    case number(String)
    /// Whole numbers that commas separate on the command line.
    case numbers([Int])
    /// Texts that commas separate.
    case texts([String])
    case flag(Bool)
  }

  /// The long name, without hyphens in front.
  let name: String
  let value: Value

  init(_ name: String, _ value: Value) { (self.name, self.value) = (name, value) }

  /// nil if there is no text.
  init?(_ name: String, _ text: String?) {
    guard let text else { return nil }
    self.init(name, .text(text))
  }

  /// nil if there is no number.
  init?(_ name: String, _ number: (some LosslessStringConvertible & Numeric)?) {
    guard let number else { return nil }
    let text = "\(number)"
    // No TOML reader must take greater whole numbers than those of 64 bits with a sign.
    let isGreat = Int64(text) == nil && UInt64(text) != nil
    self.init(name, isGreat ? .text(text) : .number(text))
  }

  /// The value as on the command line; nil for a flag that is off, and for nothing.
  var argument: String? {
    switch value {
    case .text(let text), .number(let text): text
    case .numbers(let numbers): "\(IntegerList(numbers))"
    case .texts(let texts): texts.isEmpty ? nil : texts.joined(separator: ",")
    case .flag(let isOn): isOn ? "yes" : nil
    }
  }

  /// A line of a TOML file.
  var line: String {
    let text =
      switch value {
      case .text(let text): TOMLValue.quoted(text)
      case .number(let text): text
      case .numbers(let numbers):
        numbers.count == 1
          ? "\(numbers[0])" : "[\(numbers.map(String.init).joined(separator: ", "))]"
      case .texts(let texts):
        "[\(texts.map(TOMLValue.quoted).joined(separator: ", "))]"
      case .flag(let isOn): "\(isOn)"
      }
    return "\(name) = \(text)"
  }
}
