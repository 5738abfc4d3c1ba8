/// Whether a cell of a table has a value, and which, where it is a number: `CellValue` without the text.
enum CellKind {
  case missing
  case number(Double)
  case text
}

extension CSVRow {
  /// What a cell says, as `CellValue` understands it.
  ///
  /// Most cells are plain numbers or words, which are told by their bytes; others by their text.
  ///
  /// - Parameter hasDecimalCommas: whether `1,5` is a number.
  func kind(_ column: Int, hasDecimalCommas: Bool) -> CellKind {
    let bytes = bytes(column)
    if bytes.isEmpty { return .missing }
    if let number = Self.plainNumber(bytes) { return .number(number) }
    if Self.isWord(bytes) { return .text }
    return switch CellValue(text(column), hasDecimalCommas: hasDecimalCommas) {
    case .missing: .missing
    case .number(let number): .number(number)
    case .text: .text
    }
  }

  /// The powers of ten that a Double holds exactly and 15 decimals need.
  private static let powers = (0...15).map { exponent in
    (0..<exponent).reduce(1.0) { product, _ in product * 10 }
  }

  /// A number of at most 15 digits, with a sign and decimals or not; nil for all others.
  ///
  /// The digits and the power of ten are exact, so that their quotient is the Double next to the number, as
  /// `Double(_:)` of the text is (Clinger 1990, "How to read floating point numbers accurately").
  private static func plainNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    guard bytes.count <= 17 else { return nil }
    var place = bytes[0] == UInt8(ascii: "-") ? 1 : 0
    let isNegative = place == 1
    var (digits, digitCount, decimalCount) = (0, 0, 0)
    var point: Int?
    while place < bytes.count {
      let byte = bytes[place]
      if byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
        digits = digits * 10 + Int(byte - UInt8(ascii: "0"))
        digitCount += 1
      } else if byte == UInt8(ascii: "."), point == nil, digitCount > 0 {
        point = digitCount
      } else {
        return nil
      }
      place += 1
    }
    if let point { decimalCount = digitCount - point }
    guard digitCount > 0, digitCount <= 15, point == nil || decimalCount > 0 else { return nil }
    let magnitude = Double(digits) / powers[decimalCount]
    return isNegative ? -magnitude : magnitude
  }

  /// Whether a cell is longer than any text for a missing value, begins with a letter that no number has, and is not
  /// surrounded by white space.
  private static func isWord(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard bytes.count > 4, let last = bytes.last, last > 0x20, last < 0x7F else { return false }
    let first = bytes[0] | 0x20
    return first >= UInt8(ascii: "a") && first <= UInt8(ascii: "z") && first != UInt8(ascii: "e")
  }
}
