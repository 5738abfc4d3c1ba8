extension Substring {
  /// The text without white space at its beginning and its end.
  package var trimmed: Substring {
    var result = drop { $0.isWhitespace }
    while result.last?.isWhitespace == true { result.removeLast() }
    return result
  }
}
