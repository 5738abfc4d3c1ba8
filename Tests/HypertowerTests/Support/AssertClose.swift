import Testing

/// How far a computed number may lie from the expected one.
enum Tolerance {
  /// Not at all; 0 and −0 are the same number.
  case exact
  /// `bound · |expected|`, for results of a single rounding or function. Where float32 has only
  /// denormal numbers left it is four of their steps, 4 · 2⁻¹⁴⁹: fewer bits are there to be right.
  case relative(Double)
  /// `bound · max(1, |expected|)`, for results that may come close to 0 by cancellation.
  case relativeFromOne(Double)
  case absolute(Double)
  /// A bound of its own for each element, as sums have: `2 · n · ε · Σ|a|`.
  case each([Double])

  fileprivate func bound(_ index: Int, _ expected: Double) -> Double {
    switch self {
    case .exact: 0
    case .relative(let bound): Swift.max(bound * expected.magnitude, 4 * 0x1p-149)
    case .relativeFromOne(let bound): bound * Swift.max(1, expected.magnitude)
    case .absolute(let bound): bound
    case .each(let bounds): bounds[index]
    }
  }
}

/// Expects as many numbers as `expected` has, each within `tolerance` of its own.
///
/// NaN equals NaN only, and an infinity only itself. One issue is recorded, for the first number
/// that is wrong, with the count of all that are.
func assertClose(
  _ actual: [Double], _ expected: [Double], _ tolerance: Tolerance,
  _ what: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard actual.count == expected.count else {
    Issue.record(
      "\(what()): \(actual.count) numbers, expected \(expected.count)",
      sourceLocation: sourceLocation)
    return
  }
  let wrong = actual.indices.filter { index in
    let (a, e) = (actual[index], expected[index])
    if a.isNaN || e.isNaN { return a.isNaN != e.isNaN }
    if a == e { return false }
    guard a.isFinite, e.isFinite else { return true }
    return !((a - e).magnitude <= tolerance.bound(index, e))
  }
  guard let first = wrong.first else { return }
  Issue.record(
    """
    \(what()): element \(first) is \(actual[first]), expected \(expected[first]) within \
    \(tolerance.bound(first, expected[first])); \(wrong.count) of \(actual.count) are wrong
    """, sourceLocation: sourceLocation)
}

/// The same for one number.
func assertClose(
  _ actual: Double, _ expected: Double, _ tolerance: Tolerance, _ what: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  assertClose([actual], [expected], tolerance, what(), sourceLocation: sourceLocation)
}
