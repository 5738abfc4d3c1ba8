/// A whole number that is affine in the indices of some axes:
/// (offset + Σ coefficient · index) / divisor, where the division leaves no rest.
package struct IndexExpression: Hashable, Sendable {
  package var offset: Int
  /// One for each axis.
  package var coefficients: [Int]
  /// At least 1; where it does not divide the sum, there is no such number.
  package var divisor: Int

  package init(offset: Int = 0, coefficients: [Int], divisor: Int = 1) {
    self.offset = offset
    self.coefficients = coefficients
    self.divisor = divisor
  }

  /// The index along axis number `axis` of `rank`.
  package static func axis(_ axis: Int, rank: Int) -> IndexExpression {
    var coefficients = [Int](repeating: 0, count: rank)
    coefficients[axis] = 1
    return IndexExpression(coefficients: coefficients)
  }

  /// The same number everywhere, of `rank` axes.
  package static func constant(_ value: Int, rank: Int) -> IndexExpression {
    IndexExpression(offset: value, coefficients: [Int](repeating: 0, count: rank))
  }

  /// The least and the greatest value of the sum, before the division, over all indices into `shape`, which
  /// has no extent of 0.
  func bounds(in shape: Shape) -> ClosedRange<Int> {
    var (least, greatest) = (offset, offset)
    for (coefficient, extent) in zip(coefficients, shape) {
      let most = coefficient * (extent - 1)
      least += Swift.min(0, most)
      greatest += Swift.max(0, most)
    }
    return least...greatest
  }

  /// Whether the number lies in 0..<`extent` wherever in `shape`.
  func isAlwaysWithin(_ extent: Int, in shape: Shape) -> Bool {
    guard divisor == 1, !shape.contains(0) else { return shape.contains(0) }
    let bounds = bounds(in: shape)
    return bounds.lowerBound >= 0 && bounds.upperBound < extent
  }

  /// This expression with `indices` in place of the axes' indices; nil where that is none of this form.
  func substituting(_ indices: [IndexExpression], rank: Int) -> IndexExpression? {
    var result = IndexExpression.constant(offset, rank: rank)
    let used = coefficients.indices.filter { coefficients[$0] != 0 }
    if used.count == 1, indices[used[0]].divisor != 1 {
      guard coefficients[used[0]] == 1 else { return nil }
      result = indices[used[0]]
      result.offset += offset * result.divisor
      result.divisor *= divisor
      return result
    }
    for axis in used {
      guard indices[axis].divisor == 1 else { return nil }
      result.add(indices[axis], times: coefficients[axis])
    }
    result.divisor = divisor
    return result
  }

  /// Adds another expression without a divisor.
  mutating func add(_ other: IndexExpression, times factor: Int) {
    offset += factor * other.offset
    for axis in coefficients.indices {
      coefficients[axis] += factor * other.coefficients[axis]
    }
  }

  /// The expression by axes in another order: axis i is axis `order[i]` of before.
  func reordered(_ order: [Int]) -> IndexExpression {
    IndexExpression(
      offset: offset, coefficients: order.map { coefficients[$0] }, divisor: divisor)
  }

  /// The sum, before the division, at an index.
  @inline(__always)
  package func numerator(at index: [Int]) -> Int {
    var sum = offset
    for axis in 0..<coefficients.count { sum += coefficients[axis] * index[axis] }
    return sum
  }
}

/// The condition that an expression is a number in 0..<`extent`.
package struct IndexBound: Hashable, Sendable {
  package let index: IndexExpression
  package let extent: Int
}
