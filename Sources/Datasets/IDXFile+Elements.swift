extension IDXFile {
  /// What `transform` makes of the elements as numbers, which a Double holds exactly: of all of them
  /// in order, or of every `step`-th from number `start` on.
  ///
  /// - Throws: `InputError(.badData)` if the file was cut short meanwhile.
  package func map<Result>(
    from start: Int = 0, by step: Int = 1, _ transform: (Double) -> Result
  ) throws -> [Result] {
    try withBytes { bytes in
      type.arrayType.map(
        stride(from: start, to: count, by: step), of: bytes, isBigEndian: true, transform)
    }
  }
}
