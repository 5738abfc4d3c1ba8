/// What numbers are shifted and divided by, so that those of the training data have mean 0 and deviation 1.
public struct Standardization: Codable, Equatable, Sendable {
  /// What numbers are shifted by.
  public let mean: Double
  /// Greater than 0; 1 where all numbers are equal.
  public let deviation: Double

  /// Numbers as they are.
  public static let none = Standardization(mean: 0, deviation: 1)

  init(mean: Double, deviation: Double) {
    self.mean = mean
    self.deviation = deviation
  }

  /// That of some numbers, of which none is NaN; `none` if there are none.
  ///
  /// The deviation is that of the population, √(Σ (x − mean)² / n).
  ///
  /// - Parameter numbers: are gone through twice.
  init(of numbers: some Collection<Double>) {
    self = Self.ofColumns(1) { add in for number in numbers { add(0, number) } }[0]
  }

  /// That of each of several columns of numbers.
  ///
  /// - Parameter forEach: calls what it is given with the column and the value of each number, in the same order
  ///   whenever it is called.
  static func ofColumns(
    _ count: Int, _ forEach: ((_ column: Int, _ number: Double) -> Void) throws -> Void
  ) rethrows -> [Standardization] {
    var counts = [Int](repeating: 0, count: count)
    var (firsts, sums) = (
      [Double](repeating: 0, count: count), [Double](repeating: 0, count: count)
    )
    var areEqual = [Bool](repeating: true, count: count)
    try forEach { column, number in
      if counts[column] == 0 { firsts[column] = number }
      if number != firsts[column] { areEqual[column] = false }
      counts[column] += 1
      sums[column] += number
    }
    let means = (0..<count).map { sums[$0] / Double(counts[$0]) }
    var squares = [Double](repeating: 0, count: count)
    try forEach { column, number in
      squares[column] += (number - means[column]) * (number - means[column])
    }
    return (0..<count).map { column in
      if counts[column] == 0 { return .none }
      if areEqual[column] { return Standardization(mean: firsts[column], deviation: 1) }
      let deviation = (squares[column] / Double(counts[column])).squareRoot()
      return Standardization(mean: means[column], deviation: deviation > 0 ? deviation : 1)
    }
  }

  /// The number on the scale of the training data's deviations.
  func callAsFunction(_ number: Double) -> Double { (number - mean) / deviation }

  /// The number in the unit of the data, such as a network's output stands for.
  ///
  /// - Parameter standardized: the number in deviations from the mean.
  public func inverse(_ standardized: Double) -> Double { standardized * deviation + mean }

  /// Whether it can be that of some numbers.
  var isValid: Bool { mean.isFinite && deviation.isFinite && deviation > 0 }
}
