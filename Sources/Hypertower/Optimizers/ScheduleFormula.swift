import RealModule

/// A course that the value of a hyperparameter may take over the steps of a run, as it is defined: a
/// name and a formula.
struct ScheduleFormula: Sendable {
  /// A number besides the value.
  struct Argument: Sendable {
    enum Kind: Sendable {
      /// A whole number from `least` on.
      case count(least: Int)
      /// Above 0 and at most 1.
      case share
      /// What the hyperparameter may be.
      case value
    }

    let name: String
    /// nil: it must be given.
    let defaultValue: Double?
    let kind: Kind

    /// What is wrong with a number, in words; nil if nothing is.
    ///
    /// - Parameter domain: that of the hyperparameter.
    func fault(_ value: Double, in domain: HyperparameterDomain) -> String? {
      switch kind {
      case .count(let least):
        let isCount = value == value.rounded() && (Double(least)...1e9).contains(value)
        return isCount ? nil : "it must be a whole number from \(least) to 1e9"
      case .share: return value > 0 && value <= 1 ? nil : "it must be above 0 and at most 1"
      case .value: return domain.contains(value) ? nil : domain.rangeText(isStored: true)
      }
    }
  }

  /// Where a step of the course lies.
  struct Point {
    /// The value that the course is made from.
    let value: Expression
    /// The steps since the warm-up, 0 at first.
    let done: Expression
    /// The planned steps after the warm-up, ≥ 1; 0 for a formula that does not follow the run's length.
    let count: Expression
    /// The curve's arguments, on the natural scale.
    let argument: (String) -> Double

    /// The share of the planned steps that are to come, this one included: from 1 on down.
    var remaining: Expression { (count - done) / count }
  }

  static let warmup = Argument(name: "warmup", defaultValue: 0, kind: .count(least: 0))

  /// Its name in a tower's text.
  let name: String
  /// Whether the formula depends on the number of planned steps.
  let followsLength: Bool
  let arguments: [Argument]
  let value: @Sendable (Point) -> Expression

  init(
    _ name: String, followsLength: Bool, arguments: [Argument] = [],
    value: @escaping @Sendable (Point) -> Expression
  ) {
    self.name = name
    self.followsLength = followsLength
    self.arguments = arguments + [Self.warmup]
    self.value = value
  }
}

// MARK: - The formulas

extension ScheduleFormula {
  /// All that a tower's text may name.
  static let all: [ScheduleFormula] = [.constant, .step, .linear, .cosine, .oneCycle]

  private static let end = Argument(name: "end", defaultValue: 0, kind: .value)

  static let constant = ScheduleFormula("constant", followsLength: false) { $0.value }

  /// value · factor^⌊i / every⌋ in step i from 0 on, as PyTorch's StepLR.
  static let step = ScheduleFormula(
    "step", followsLength: false,
    arguments: [
      .init(name: "every", defaultValue: nil, kind: .count(least: 1)),
      .init(name: "factor", defaultValue: 0.1, kind: .share),
    ]
  ) { point in
    let (every, factor) = (Int(point.argument("every")), point.argument("factor"))
    // ⌊i / every⌋ by its binary digits, which is exact on every device, as quotients are not.
    var (value, rest) = (point.value, point.done)
    for digit in (0..<31).reversed() where every << digit <= Int(Int32.max) {
      let part = Expression.constant(Double(every << digit))
      let isZero = rest.isLess(than: part)
      value = .select(isZero, value, value * .constant(.pow(factor, 1 << digit)))
      rest = .select(isZero, rest, rest - part)
    }
    return value
  }

  /// end + (value − end) · (1 − i/n) in step i of n, from 0 on, as PyTorch's LinearLR with n iterations.
  static let linear = ScheduleFormula("linear", followsLength: true, arguments: [end]) { point in
    let end = Expression.constant(point.argument("end"))
    return end + (point.value - end) * point.remaining
  }

  /// end + (value − end) · (1 + cos(π·i/n)) / 2 in step i of n, from 0 on.
  ///
  /// I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
  /// arXiv 1608.03983, equation 5, without restarts; PyTorch's CosineAnnealingLR.
  static let cosine = ScheduleFormula("cosine", followsLength: true, arguments: [end]) { point in
    let end = Expression.constant(point.argument("end"))
    return end + (point.value - end) * point.remaining.halfCosine
  }

  /// Half a cosine from value/25 in step 0 of n up to value in step 0.3·n − 1, then one down to
  /// value/25/10,000 in step n − 1.
  ///
  /// L. Smith and N. Topin, "Super-Convergence", arXiv 1708.07120, as PyTorch's OneCycleLR has it by
  /// default.
  static let oneCycle = ScheduleFormula("one_cycle", followsLength: true) { point in
    let peak = point.value
    let first = peak / 25
    let last = first / 10_000
    let rise = 0.3 * point.count - 1
    let rising = peak + (first - peak) * ((rise - point.done) / rise).halfCosine
    let toCome = (point.count - 1 - point.done) / (0.7 * point.count)
    return .select(
      rise.isLess(than: point.done), last + (peak - last) * toCome.halfCosine, rising)
  }
}

extension Expression {
  /// (1 − cos(π·x)) / 2 for x from 0 to 1, and what it is at these for numbers outside.
  ///
  /// As sin²(π·x/2), which keeps its relative precision down to 0, with the Taylor series of the sine up
  /// to z²¹, which at π/2 is off by less than a part in 10¹⁸.
  fileprivate var halfCosine: Expression {
    let z = atLeast(0).atMost(1) * .constant(.pi / 2)
    var sum: Expression = 1
    for k in stride(from: 20, to: 0, by: -2) {
      sum = 1 - z * z * .constant(1 / Double(k * (k + 1))) * sum
    }
    return z * sum * (z * sum)
  }
}
