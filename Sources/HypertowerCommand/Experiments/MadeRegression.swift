import Glibc
import Hypertower

/// Samples for a regression that a program makes up, the same each time.
struct MadeRegression {
  let train: Dataset
  let test: Dataset

  private static let trainCount = 10_000
  private static let testCount = 2_000

  /// Targets without noise: y = Σ wⱼ·xⱼ of 20 features, with wⱼ normal and xⱼ normal of a standard deviation that
  /// falls evenly, on a logarithmic scale, from 1 to 10^−`decades`.
  static func linear(decades: Double) -> MadeRegression {
    let features = 20
    var random = MadeNumbers(seed: 1)
    let weights = (0..<features).map { _ in random.normal() }
    let scales = (0..<features).map { pow(10, -decades * Double($0) / Double(features - 1)) }
    func sample(isTest: Bool) -> (x: [Float], y: Float) {
      let x = scales.map { Float($0 * random.normal()) }
      return (x, Float(zip(weights, x).reduce(0.0) { $0 + $1.0 * Double($1.1) }))
    }
    return MadeRegression(featureCount: features, sample)
  }

  /// A smooth function of 10 normal features: Σ aₖ·tanh(bₖ·x) over 8 terms, with normal a and b of the variances 1/8
  /// and 1/10. The targets to train on have noise of Cauchy's distribution of scale 0.1; those to test on have none.
  static func withOutliers() -> MadeRegression {
    let (features, terms) = (10, 8)
    var random = MadeNumbers(seed: 2)
    let outer = (0..<terms).map { _ in random.normal() / Double(terms).squareRoot() }
    let inner = outer.map { _ in
      (0..<features).map { _ in random.normal() / Double(features).squareRoot() }
    }
    func sample(isTest: Bool) -> (x: [Float], y: Float) {
      let x = (0..<features).map { _ in Float(random.normal()) }
      let clean = zip(outer, inner).reduce(0.0) { sum, term in
        sum + term.0 * tanh(zip(term.1, x).reduce(0.0) { $0 + $1.0 * Double($1.1) })
      }
      return (x, Float(isTest ? clean : clean + 0.1 * tan(.pi * (random.uniform() - 0.5))))
    }
    return MadeRegression(featureCount: features, sample)
  }

  private init(featureCount: Int, _ sample: (_ isTest: Bool) -> (x: [Float], y: Float)) {
    func dataset(_ count: Int, isTest: Bool) -> Dataset {
      let samples = (0..<count).map { _ in sample(isTest) }
      return Dataset(
        count: count, featureCount: featureCount, features: .floats(samples.flatMap(\.x)),
        targets: .values(samples.map(\.y), width: 1))
    }
    train = dataset(Self.trainCount, isTest: false)
    test = dataset(Self.testCount, isTest: true)
  }
}

/// Random numbers in a row, from a seed.
private struct MadeNumbers {
  private let random: Philox
  private var drawn: UInt32 = 0

  init(seed: UInt64) { random = Philox(key: seed) }

  /// Two numbers, evenly distributed over 0..<1, in steps of 2⁻³².
  private mutating func pair() -> (Double, Double) {
    let words = random.block(drawn)
    drawn += 1
    return (Double(words[0]) * 0x1p-32, Double(words[1]) * 0x1p-32)
  }

  /// Evenly distributed over 0..<1, and never at 0.
  mutating func uniform() -> Double { pair().0 + 0x1p-33 }

  /// Of the standard normal distribution, as G. Box and M. Muller (1958) make it.
  mutating func normal() -> Double {
    let (first, second) = pair()
    return (-2 * log(1 - first)).squareRoot() * cos(2 * .pi * second)
  }
}
