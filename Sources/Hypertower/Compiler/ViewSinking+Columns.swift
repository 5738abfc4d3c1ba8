extension ViewSinking {
  /// A reduction; long columns are folded in parts, which many can do side by side, and then the parts.
  mutating func reduce(
    _ base: Tape.Index, _ kind: Tape.Reduction, _ axes: [Int]
  ) -> Tape.Index {
    let shape = result[base].shape
    let target = shape.collapsed(along: axes)
    let long = axes.sorted().filter { shape[$0] != 1 }
    guard kind != .indexOfMaximum, !long.contains(shape.lastIndex { $0 != 1 } ?? 0),
      target.elementCount <= Self.mostColumns,
      shape.elementCount / target.elementCount >= Self.longColumn,
      let (axis, parts) = long.lazy.compactMap({ axis in
        Self.parts.last { shape[axis] % $0 == 0 }.map { (axis, $0) }
      }).first
    else { return append(.reduce(kind, axes: axes), [base], shape: target) }
    var split = shape
    split[axis] /= parts
    split.insert(parts, at: axis)
    let inner = axes.map { $0 >= axis ? $0 + 1 : $0 }
    let partial = append(
      .reduce(kind, axes: inner), [reshape(base, to: split)], shape: split.collapsed(along: inner))
    let whole = split.collapsed(along: inner + [axis])
    return reshape(append(.reduce(kind, axes: [axis]), [partial], shape: whole), to: target)
  }

  /// So many columns are work enough for all without parts.
  private static let mostColumns = 1 << 12
  /// The number of elements from which on a column is done in parts.
  private static let longColumn = 1 << 11
  /// How many parts there may be.
  private static let parts = 8...128
}
