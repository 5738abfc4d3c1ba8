extension [String] {
  /// The first element that is there a second time; nil if all are different.
  var repeated: String? {
    var seen: Set<String> = []
    return first { !seen.insert($0).inserted }
  }
}
