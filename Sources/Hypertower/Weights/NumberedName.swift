/// A name with the numbers in it told from the rest, so that `layers.10` comes after `layers.2`.
struct NumberedName {
  /// The name with `#` for each number: `layers.#.weight`.
  let template: String
  /// The numbers in the name, the first first.
  let numbers: [Int]

  init(_ name: String) {
    var (template, numbers) = ("", [Int]())
    for word in Self.words(of: name) {
      guard let first = word.first, first.isASCII, first.isNumber else {
        template += word
        continue
      }
      template += "#"
      numbers.append(Int(word) ?? .max)
    }
    (self.template, self.numbers) = (template, numbers)
  }

  /// Whether both names differ in their numbers alone, and those of `other` come first.
  func comes(after other: NumberedName) -> Bool {
    template == other.template && other.numbers.lexicographicallyPrecedes(numbers)
  }

  /// The runs of letters, of decimal digits, and of other characters that make up a name.
  static func words(of name: String) -> [Substring] {
    func kind(_ character: Character) -> Int {
      if character.isASCII && character.isNumber { return 0 }
      return character.isLetter ? 1 : 2
    }
    var words: [Substring] = []
    var start = name.startIndex
    for index in name.indices where kind(name[index]) != kind(name[start]) {
      words.append(name[start..<index])
      start = index
    }
    if start < name.endIndex { words.append(name[start...]) }
    return words
  }
}
