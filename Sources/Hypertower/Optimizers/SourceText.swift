/// A line of text that a person wrote, of which parts are shown in messages.
struct SourceText {
  /// How much of a long text is shown around the place in question.
  private static let widestExcerpt = 72

  let characters: [Character]

  init(_ text: String) {
    characters = Array(text)
  }

  /// The text around `column`, counted from 0, and below it a caret at that column.
  func excerpt(pointingAt column: Int) -> String {
    let width = Self.widestExcerpt
    let start = characters.count <= width ? 0 : max(0, column - width / 2)
    let end = min(characters.count, start + width)
    let lead = start > 0 ? "…" : ""
    let trail = end < characters.count ? "…" : ""
    // Line breaks and control characters would shift the caret.
    let shown = characters[start..<end].map { character in
      character.isWhitespace || character.unicodeScalars.contains { $0.value < 32 }
        ? " " : character
    }
    let indent = String(repeating: " ", count: lead.count + column - start)
    return "  \(lead)\(String(shown))\(trail)\n  \(indent)^"
  }
}
