import Hypertower

/// What a cell of a table says.
enum CellValue: Equatable {
  case missing
  case number(Double)
  case text(String)

  /// How missing values are written, in lower case: what R, NumPy, pandas, SQL and the UCI repository write.
  private static let missingTexts: Set<String> = [
    "", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "?",
  ]
  private static let numberCharacters = Set("0123456789+-.eE".utf8)

  /// - Parameter hasDecimalCommas: whether `1,5` is a number.
  init(_ text: String, hasDecimalCommas: Bool) {
    let trimmed = String(text[...].trimmed)
    if Self.isMissing(trimmed: trimmed) {
      self = .missing
    } else if let number = Self.number(trimmed) {
      self = .number(number)
    } else if hasDecimalCommas, trimmed.utf8.count(where: { $0 == UInt8(ascii: ",") }) == 1,
      let number = Self.number(trimmed.replacing(",", with: "."))
    {
      self = .number(number)
    } else {
      self = .text(text)
    }
  }

  /// Whether a cell of that text misses a value.
  static func isMissing(_ text: String) -> Bool { isMissing(trimmed: String(text[...].trimmed)) }

  private static func isMissing(trimmed text: String) -> Bool {
    text.utf8.count <= 4 && missingTexts.contains(text.lowercased())
  }

  /// A number that fits into 32 bits; words such as `inf` are none, nor are hexadecimal numbers.
  private static func number(_ text: String) -> Double? {
    guard text.utf8.allSatisfy(numberCharacters.contains), let number = Double(text),
      Float(number).isFinite
    else { return nil }
    return number
  }
}
