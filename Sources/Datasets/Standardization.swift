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
  init(of numbers: [Double]) {
    guard let first = numbers.first else {
      self = .none
      return
    }
    guard numbers.contains(where: { $0 != first }) else {
      self.init(mean: first, deviation: 1)
      return
    }
    let count = Double(numbers.count)
    let mean = numbers.reduce(0, +) / count
    let squares = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / count).squareRoot()
    self.init(mean: mean, deviation: deviation > 0 ? deviation : 1)
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
