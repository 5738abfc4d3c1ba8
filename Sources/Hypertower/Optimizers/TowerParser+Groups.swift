/// Groups of parameters in a tower's text.
extension TowerParser {
  static let frozen = "frozen"

  /// The groups of a text whose first selector has been read.
  mutating func groups(from first: ParameterSelector) throws -> [ParameterGroup] {
    var (groups, selector, start) = ([ParameterGroup](), first, 0)
    while true {
      let isFrozen = takeFrozen()
      groups.append(
        ParameterGroup(selector: selector, levels: isFrozen ? [] : try levels(inGroup: true)))
      skipSpaces()
      guard take(";") else {
        if next == nil { break }
        throw fault("expected ';' and the next group after 'frozen', found \(foundHere)")
      }
      skipSpaces()
      if next == nil { break }
      start = position
      guard let own = try self.selector(after: groups) else {
        throw fault(
          "expected a group's selector and ':', such as '\(ParameterSelector.otherName):'",
          at: start)
      }
      selector = own
    }
    guard groups.contains(where: { !$0.isFrozen }) else {
      throw fault("all groups are frozen: nothing would be trained", at: 0)
    }
    return groups
  }

  /// A selector and its ':', if they stand here.
  mutating func selector(after others: [ParameterGroup]) throws -> ParameterSelector? {
    let start = position
    let (name, end) = try selectorName()
    let colon = text.characters[end...].firstIndex { !$0.isWhitespace }
    guard let colon, text.characters[colon] == ":" else { return nil }
    guard !name.isEmpty else {
      throw fault(
        "expected a group's selector before ':', such as weights or layers.0.*", at: start)
    }
    let isQuoted = text.characters[start] == ParameterSelector.quote
    let selector = isQuoted ? ParameterSelector.exactly(name) : ParameterSelector(parsing: name)
    let known = others.compactMap { $0.selector?.description }
    if known.contains(selector.description) {
      throw fault("the group '\(selector)' is given twice", at: start)
    }
    if known.contains(ParameterSelector.otherName) {
      throw fault(
        "'\(ParameterSelector.otherName)' takes all that is left, so it must be the last group",
        at: start)
    }
    position = colon + 1
    skipSpaces()
    guard next != nil else { throw fault("expected an optimizer or 'frozen' after '\(selector):'") }
    return selector
  }

  /// The word that stands here, or what is in quotes, and where it ends.
  private func selectorName() throws -> (name: String, end: Int) {
    let (rest, excluded) = (text.characters[position...], ParameterSelector.excluded)
    guard next == ParameterSelector.quote else {
      let name = rest.prefix {
        !$0.isWhitespace && $0 != ParameterSelector.quote && !excluded.contains($0)
      }
      return (String(name), name.endIndex)
    }
    let name = rest.dropFirst().prefix { $0 != ParameterSelector.quote }
    guard name.endIndex < text.characters.count else {
      throw fault("the quote that begins here does not end")
    }
    return (String(name), name.endIndex + 1)
  }

  /// Whether 'frozen' stands here alone.
  private mutating func takeFrozen() -> Bool {
    let start = position
    if identifier() == Self.frozen {
      skipSpaces()
      if next == nil || next == ";" { return true }
    }
    position = start
    return false
  }
}
