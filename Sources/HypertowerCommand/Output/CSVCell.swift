extension String {
  /// The text as a cell of comma-separated values (RFC 4180): in quotation marks where it needs them.
  var csvCell: String {
    guard contains(where: { ",\"".contains($0) || $0.isNewline }) else { return self }
    return "\"" + replacing("\"", with: "\"\"") + "\""
  }
}
