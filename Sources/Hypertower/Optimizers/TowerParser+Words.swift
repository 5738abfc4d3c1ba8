/// The words and numbers that a tower's text is made of.
extension TowerParser {
  mutating func identifier() -> String? {
    guard let first = next, first.isASCII, first.isLetter || first == "_" else { return nil }
    let start = position
    while let character = next, character.isASCII,
      character.isLetter || character.isNumber || character == "_"
    {
      position += 1
    }
    return String(text.characters[start..<position])
  }

  /// The name of an argument if one stands here with '=' behind it.
  mutating func argumentName() -> String? {
    let name = text.characters[position...].prefix { !$0.isWhitespace && !",()=/".contains($0) }
    let end = text.characters[name.endIndex...].first { !$0.isWhitespace }
    guard !name.isEmpty, end == "=" else { return nil }
    position = name.endIndex
    return String(name)
  }

  /// A decimal number: digits with at most one point, then perhaps an exponent.
  mutating func number() throws -> Double {
    let start = position
    _ = take("-") || take("+")
    let whole = digits()
    let fraction = take(".") ? digits() : 0
    guard whole + fraction > 0 else {
      position = start
      throw fault("expected a finite number, found \(foundHere)")
    }
    if take("e") || take("E") {
      _ = take("-") || take("+")
      guard digits() > 0 else {
        throw fault("expected the digits of an exponent, found \(foundHere)")
      }
    }
    if let character = next, character.isLetter || character.isNumber || "._".contains(character) {
      throw fault("unexpected '\(character)' in a number")
    }
    let written = text.characters[start..<position]
    guard let value = Double(String(written)), value.isFinite else {
      throw fault("the number is too large", at: start)
    }
    let mantissa = written.prefix { $0 != "e" && $0 != "E" }
    guard value != 0 || !mantissa.contains(where: { ("1"..."9").contains($0) }) else {
      throw fault("the number is too close to 0", at: start)
    }
    return value
  }

  private mutating func digits() -> Int {
    let start = position
    while let character = next, ("0"..."9").contains(character) { position += 1 }
    return position - start
  }

  // MARK: - Characters

  var next: Character? {
    position < text.characters.count ? text.characters[position] : nil
  }

  mutating func take(_ character: Character) -> Bool {
    guard next == character else { return false }
    position += 1
    return true
  }

  mutating func skipSpaces() {
    while let character = next, character.isWhitespace { position += 1 }
  }

  /// What stands at the present position, for messages.
  var foundHere: String {
    guard let character = next else { return "the end" }
    guard character.isLetter else { return "'\(character)'" }
    let word = text.characters[position...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    return "'\(String(word.prefix(40)))'"
  }

  func fault(_ message: String, at column: Int? = nil) -> InputError {
    let column = column ?? position
    return InputError(
      .usage, "tower, column \(column + 1): \(message)\n\(text.excerpt(pointingAt: column))")
  }
}
