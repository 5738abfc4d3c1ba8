/// Runs of neighbouring terms of a left operand that are all zeros in a row, since they lie in padding or in the gaps
/// between elements that are spread: row i has none but zeros in run number j unless
/// `bound` holds of (i / rowsBelow % rowExtent, j).
///
/// A backend may leave them out, also where they would be multiplied with an infinity or a NaN.
package struct ZeroRuns: Hashable, Sendable {
  package let rowsBelow: Int
  package let rowExtent: Int
  /// The number of terms of a run.
  package let length: Int
  package let bound: IndexBound
}

extension Tape {
  /// The zeros that a view of node `index` has along the outermost of its terms' axes, in neighbouring rows alike; nil
  /// if there are none, or so few that looking for them would take longer.
  ///
  /// - Parameters:
  ///   - map: where in the node the view reads.
  ///   - space: the view's axes.
  ///   - rows: the axes of the view's rows, and likewise `terms`.
  func zeroRuns(
    of index: Index, _ map: IndexMap, _ space: Shape, rows: Range<Int>, terms: Range<Int>
  ) -> ZeroRuns? {
    guard case .access(let access) = nodes[index].operation, access.outside == 0,
      let termAxis = terms.first(where: { space[$0] != 1 })
    else { return nil }
    let extents = nodes[nodes[index].operands[0]].shape
    for (expression, extent) in zip(access.indices, extents) {
      guard let own = expression.substituting(map.indices, rank: space.count),
        own.divisor > 1 || !own.isAlwaysWithin(extent, in: space)
      else { continue }
      let used = space.indices.filter { own.coefficients[$0] != 0 && space[$0] != 1 }
      guard used.count == 2, used.contains(termAxis),
        let rowAxis = used.first(where: rows.contains)
      else { continue }
      let below = space[rowAxis + 1..<rows.upperBound].reduce(1, *)
      guard below > 1 else { continue }
      let bound = IndexBound(
        index: IndexExpression(
          offset: own.offset, coefficients: [rowAxis, termAxis].map { own.coefficients[$0] },
          divisor: own.divisor), extent: extent)
      let runs = ZeroRuns(
        rowsBelow: below, rowExtent: space[rowAxis],
        length: space[termAxis + 1..<terms.upperBound].reduce(1, *), bound: bound)
      return runs.pay(count: space[termAxis]) ? runs : nil
    }
    return nil
  }
}

extension ZeroRuns {
  /// The least number of terms of a run, and of runs for one of zeros, that pay for the question whether it is one.
  private static let (leastLength, mostRunsForOne) = (16, 64)

  /// Whether leaving zeros out takes less than looking for them, if a row has `count` runs.
  fileprivate func pay(count: Int) -> Bool {
    guard length >= Self.leastLength else { return false }
    var zeros = 0
    for row in 0..<rowExtent {
      for run in 0..<count {
        let numerator = bound.index.numerator(at: [row, run])
        let divisor = bound.index.divisor
        if !(0..<bound.extent * divisor ~= numerator) || numerator % divisor != 0 { zeros += 1 }
      }
    }
    return zeros * Self.mostRunsForOne >= rowExtent * count
  }
}
