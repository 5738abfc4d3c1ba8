extension IDXFile {
  /// What `transform` makes of the elements as numbers, which a Double holds exactly: of all of them
  /// in order, or of every `step`-th of those from number `start` on and before number `end`.
  ///
  /// - Throws: `InputError(.badData)` if the file was cut short meanwhile.
  package func map<Result>(
    from start: Int = 0, to end: Int? = nil, by step: Int = 1, _ transform: (Double) -> Result
  ) throws -> [Result] {
    try elements.withBytes { bytes in
      type.arrayType.map(
        stride(from: start, to: end ?? count, by: step), of: bytes, isBigEndian: true, transform)
    }
  }
}
