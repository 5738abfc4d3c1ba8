/// The part of a product that a work-item of a CPU computes at a time: its sums stay in registers.
struct RegisterTile: Sendable, Equatable {
  /// How many vectors of `DeviceProfile.width` numbers it is wide, at most; 4 or fewer, for what a panel
  /// reads past a matrix lies in the padding of its buffer.
  let vectors: Int
  /// The heights, in rows, that are efficient.
  let rows: ClosedRange<Int>
  /// How many terms a turn of the loop adds: so many that what a turn costs besides matters little.
  let unrolledTerms: Int
  /// Whether a tile asks for the rows of the left operand that the next one needs.
  let asksForNextRows: Bool

  /// Sums take 28 of AVX-512's 32 registers.
  static let wide = RegisterTile(
    vectors: 2, rows: 8...14, unrolledTerms: 1, asksForNextRows: true)
  /// Sums take 12 of AVX's 16 registers, of which a vector is two, or 24 of NEON's 32, of which it is
  /// four.
  static let narrow = RegisterTile(
    vectors: 1, rows: 4...6, unrolledTerms: 4, asksForNextRows: false)

  /// As `wide`, with fewer rows: terms that are zeros in all of them are more. Sums take 20 registers.
  static let low = RegisterTile(vectors: 4, rows: 3...3, unrolledTerms: 1, asksForNextRows: false)

  /// The tile for products with sparse left operands.
  var forSparseOperands: RegisterTile { self == .wide ? .low : self }

  /// The number of vectors that hold sums, at most.
  var sums: Int { vectors * rows.upperBound }
}
