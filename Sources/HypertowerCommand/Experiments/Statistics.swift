import Glibc

extension [Double] {
  /// The mean; NaN of nothing.
  var mean: Double { reduce(0, +) / Double(count) }

  /// The sample's standard deviation; nil of fewer than two values.
  var standardDeviation: Double? {
    guard count > 1 else { return nil }
    let mean = mean
    return (map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(count - 1)).squareRoot()
  }
}

/// The values of some runs that differ in their seeds; nil for those that have none.
struct SeedValues {
  /// Those that are there.
  let values: [Double]
  /// How many runs there were.
  let count: Int

  init(_ values: [Double?]) {
    self.values = values.compactMap { $0 }
    count = values.count
  }

  /// The mean, nil of nothing, and the standard deviation, nil of fewer than two.
  var mean: Double? { values.isEmpty ? nil : values.mean }
  var standardDeviation: Double? { values.standardDeviation }

  /// `4.81 ± 0.10`, and where runs diverged how many did not: `4.81 ± 0.10 (2 of 3)`.
  ///
  /// - Parameter format: as `printf` takes it, of a number.
  func text(_ format: String) -> String {
    guard let mean else { return count == 0 ? "" : "diverged" }
    return formatted(format, mean)
      + (standardDeviation.map { " ± " + formatted(format, $0) } ?? "")
      + (values.count < count ? " (\(values.count) of \(count))" : "")
  }
}

/// A straight line through points by least squares.
struct LinearFit {
  let intercept: Double
  let slope: Double
  /// Half the width of the slope's confidence interval of 95 %, for errors that are independent and
  /// normal.
  let slopeInterval: Double

  /// - Precondition: there are at least five points, and not all x are equal.
  init(_ points: [(x: Double, y: Double)]) {
    precondition(points.count >= 5, "LinearFit: \(points.count) points, at least 5 are needed")
    let (meanX, meanY) = (points.map(\.x).mean, points.map(\.y).mean)
    let spread = points.map { ($0.x - meanX) * ($0.x - meanX) }.reduce(0, +)
    let slope = points.map { ($0.x - meanX) * ($0.y - meanY) }.reduce(0, +) / spread
    let intercept = meanY - slope * meanX
    let squares = points.map { pow($0.y - intercept - slope * $0.x, 2) }.reduce(0, +)
    let freedom = Double(points.count - 2)
    (self.slope, self.intercept) = (slope, intercept)
    slopeInterval = Self.studentQuantile(freedom) * (squares / freedom / spread).squareRoot()
  }

  /// The quantile of Student's t at 97.5 %, within 1 % from 3 degrees of freedom on.
  ///
  /// M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions" (1964), 26.7.5.
  private static func studentQuantile(_ freedom: Double) -> Double {
    let z = 1.959963985
    return z + (pow(z, 3) + z) / (4 * freedom)
      + (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * freedom * freedom)
      + (3 * pow(z, 7) + 19 * pow(z, 5) + 17 * pow(z, 3) - 15 * z) / (384 * pow(freedom, 3))
  }
}
