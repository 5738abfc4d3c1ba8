/// The part of a product that a work-item of a CPU computes at a time: its sums stay in registers.
struct RegisterTile: Sendable, Equatable {
  /// Rows and columns of a tile.
  struct Size: Sendable, Equatable {
    /// The height.
    let rows: Int
    /// How many vectors of `DeviceProfile.width` numbers it is wide, at most; 4 or fewer, for what a panel
    /// reads past a matrix lies in the padding of its buffer.
    let vectors: Int
  }

  /// As in `Size`.
  let vectors: Int
  /// The heights, in rows, that are efficient.
  let rows: ClosedRange<Int>
  /// How many terms a turn of the loop adds: so many that what a turn costs besides matters little.
  let unrolledTerms: Int
  /// Whether a tile asks for the rows of the left operand that the next one needs.
  let asksForNextRows: Bool
  /// The size where zeros are left out: so few rows that many terms are zeros in all of them.
  let sparse: Size

  /// Sums take 28 of AVX-512's 32 registers, or 12 where zeros are left out.
  static let wide = RegisterTile(
    vectors: 2, rows: 8...14, unrolledTerms: 1, asksForNextRows: true,
    sparse: Size(rows: 3, vectors: 4))
  /// Sums take 12 of AVX's 16 registers, of which a vector is two, or 24 of NEON's 32, of which it is
  /// four; where zeros are left out 8, or 16.
  static let narrow = RegisterTile(
    vectors: 1, rows: 4...6, unrolledTerms: 4, asksForNextRows: false,
    sparse: Size(rows: 2, vectors: 2))

  /// As `wide`, for blocks of few rows: sums take 24 registers.
  static let low = RegisterTile(
    vectors: 4, rows: 4...6, unrolledTerms: 1, asksForNextRows: false, sparse: wide.sparse)

  /// The tile for programs with products that leave out zeros, which do better in blocks of few rows.
  var besideSparse: RegisterTile { self == .wide ? .low : self }

  /// The number of vectors that hold sums, at most.
  var sums: Int { vectors * rows.upperBound }
}
