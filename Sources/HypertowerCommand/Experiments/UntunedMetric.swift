import Glibc

/// What the runs of a problem are judged by, and how far one lies behind another.
enum UntunedMetric: String {
  /// The accuracy on the test set, in percent.
  case accuracy
  /// e to the loss of a character, on the text's last tenth.
  case perplexity
  /// The mean squared error on the test set.
  case squaredError = "mean squared error"
  /// The mean absolute error on the test set.
  case absoluteError = "mean absolute error"
  /// The decimal logarithm of the test loss, where the least that there can be is 0.
  case logExcess = "log10 of the excess loss"

  /// How metrics are compared: by their difference, or by that in percent of the better one.
  enum Unit: String {
    case points
    case percent = "%"
  }

  /// How far a run may lie behind another that it is said to equal.
  struct Margin {
    let points: Double
    let percent: Double

    var text: String {
      "\(formatted("%g", points)) point\(points == 1 ? "" : "s") or \(formatted("%g", percent)) %"
    }
  }

  var isHigherBetter: Bool {
    switch self {
    case .accuracy: true
    case .perplexity, .squaredError, .absoluteError, .logExcess: false
    }
  }

  /// A point is a percent of the accuracy, or a decade of the excess loss.
  var unit: Unit {
    switch self {
    case .accuracy, .logExcess: .points
    case .perplexity, .squaredError, .absoluteError: .percent
    }
  }

  /// How a value is written, as `printf` takes it.
  var format: String {
    switch self {
    case .accuracy, .logExcess: "%.2f"
    case .perplexity: "%.3f"
    case .squaredError, .absoluteError: "%.5f"
    }
  }

  /// What float32 can tell from 0 is greater than this.
  private static let leastExcess = 1e-16

  /// nil where the run diverged, or ended in what no number tells.
  func value(_ outcome: TrialOutcome) -> Double? {
    let value =
      switch self {
      case .accuracy: outcome.testAccuracyPercent
      case .perplexity: outcome.testLoss.map { exp($0) }
      case .squaredError, .absoluteError: outcome.testLoss
      case .logExcess: outcome.testLoss.map { log10(max($0, Self.leastExcess)) }
      }
    return value.flatMap { $0.isFinite ? $0 : nil }
  }

  /// Whether the first is better; nil, a run that diverged, is worse than all others.
  func isBetter(_ first: Double?, than second: Double?) -> Bool {
    guard let first else { return false }
    guard let second else { return true }
    return isHigherBetter ? first > second : first < second
  }

  /// How far a value lies behind another, in `unit`: negative where it is ahead, infinite where it diverged, and
  /// −∞ where only the other one did.
  func lag(_ value: Double?, behind other: Double?) -> Double {
    guard let value else { return .infinity }
    guard let other else { return -.infinity }
    switch unit {
    case .points: return isHigherBetter ? other - value : value - other
    case .percent: return 100 * (isHigherBetter ? other / value - 1 : value / other - 1)
    }
  }

  /// Whether a value that lies so far behind is within a margin.
  func isWithin(_ margin: Margin, lag: Double) -> Bool {
    // Accuracies are hundredths, of which sums in binary are a little off.
    lag <= (unit == .points ? margin.points : margin.percent) + 1e-9
  }

  /// A lag with its unit: `0.25 points`, and `−0.25 points` for a value that is ahead.
  func text(ofLag lag: Double) -> String {
    if lag.isInfinite { return lag > 0 ? "diverged" : "the other diverged" }
    let unit = self == .logExcess ? "decades" : unit.rawValue
    return formatted("%.2f", lag).replacing("-", with: "−") + " \(unit)"
  }
}

/// What the runs of some seeds come to.
struct UntunedValues {
  let metric: UntunedMetric
  /// From the best to the worst; nil for those that diverged.
  let values: [Double?]

  init(_ outcomes: [TrialOutcome], _ metric: UntunedMetric) {
    self.metric = metric
    values = outcomes.map(metric.value).sorted { metric.isBetter($0, than: $1) }
  }

  /// The middle value, or of an even number the worse of the middle two; nil if that run diverged.
  var median: Double? { values.isEmpty ? nil : values[values.count / 2] }

  /// The median, and the best and the worst: `94.88 (95.01 … 94.70)`.
  var text: String {
    func text(_ value: Double?) -> String {
      value.map { formatted(metric.format, $0).replacing("-", with: "−") } ?? "diverged"
    }
    guard values.count > 1 else { return values.isEmpty ? "" : text(median) }
    return "\(text(median)) (\(text(values[0])) … \(text(values[values.count - 1])))"
  }
}
