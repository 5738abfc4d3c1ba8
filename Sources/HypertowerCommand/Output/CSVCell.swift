extension String {
  /// The text as a cell of comma-separated values (RFC 4180): in quotation marks where it needs them.
  ///
  /// Scalars count: a mark joins what stands before it, a comma or a quotation mark, to one character.
  var csvCell: String {
    let needsQuotes = unicodeScalars.contains {
      $0 == "," || $0 == "\"" || Character($0).isNewline
    }
    guard needsQuotes else { return self }
    return "\"" + unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
  }
}
