/// What a hyperparameter that no level tunes is set to: a number, or a course over the steps of a run.
///
/// Written where a number may stand, as in `Adam(.cosine(0.003, warmup: 100), beta1: 0.0)`, with a variable
/// `Adam(.cosine(0.003), beta1: .init(decay))`, or, in a tower's text, `adam(cosine(0.003, warmup=100))`. Every course
/// may begin with a warm-up: step number t of its `warmup` steps, counted from 1, takes t/`warmup` of the value, and the
/// course proper begins after them.
/// Courses that follow the run's length take it from `plannedSteps` of `Trainer`; after so many steps the
/// value stays as it is.
///
/// The linear warm-up is that of P. Goyal et al., "Accurate, Large Minibatch SGD", arXiv 1706.02677.
public struct HyperparameterSchedule: Sendable, ExpressibleByFloatLiteral {
  /// The number that the course is made from, on the hyperparameter's natural scale.
  public let value: Double
  /// nil: every step has the value.
  let curve: ScheduleCurve?

  init(_ value: Double, _ curve: ScheduleCurve?) { (self.value, self.curve) = (value, curve) }

  /// The same number at every step.
  public init(_ value: Double) { self.init(value, nil) }

  public init(floatLiteral value: Double) { self.init(value) }

  /// `value` at every step, after the warm-up.
  ///
  /// - Parameters:
  ///   - value: on the hyperparameter's natural scale.
  ///   - warmup: the steps of the warm-up, ≥ 0; default: 0.
  public static func constant(_ value: Double, warmup: Int = 0) -> HyperparameterSchedule {
    .init(value, .constant, warmup: warmup)
  }

  /// `value`, multiplied by a factor after every so many steps; see `ScheduleFormula.step`.
  ///
  /// - Parameters:
  ///   - value: that of the first steps, on the hyperparameter's natural scale.
  ///   - every: after how many steps, ≥ 1.
  ///   - factor: above 0 and at most 1; default: 0.1.
  ///   - warmup: the steps of the warm-up, ≥ 0; default: 0.
  public static func step(
    _ value: Double, every: Int, factor: Double = 0.1, warmup: Int = 0
  ) -> HyperparameterSchedule {
    .init(value, .step, ["every": Double(every), "factor": factor], warmup: warmup)
  }

  /// From `value` along a line to `end`, which the step after the planned ones would reach.
  ///
  /// - Parameters:
  ///   - value: that of the first step, on the hyperparameter's natural scale.
  ///   - end: on the same scale; default: 0.
  ///   - warmup: the steps of the warm-up, ≥ 0; default: 0.
  public static func linear(
    _ value: Double, end: Double = 0, warmup: Int = 0
  ) -> HyperparameterSchedule {
    .init(value, .linear, ["end": end], warmup: warmup)
  }

  /// From `value` along half a cosine to `end`, which the step after the planned ones would reach.
  ///
  /// - Parameters:
  ///   - value: that of the first step, on the hyperparameter's natural scale.
  ///   - end: on the same scale; default: 0.
  ///   - warmup: the steps of the warm-up, ≥ 0; default: 0.
  public static func cosine(
    _ value: Double, end: Double = 0, warmup: Int = 0
  ) -> HyperparameterSchedule {
    .init(value, .cosine, ["end": end], warmup: warmup)
  }

  /// From `value`/25 up to `value` over the first 30% of the planned steps, then down to `value`/250,000
  /// at the last, along half a cosine each.
  ///
  /// - Parameters:
  ///   - value: the greatest, on the hyperparameter's natural scale.
  ///   - warmup: the steps of a warm-up before that, ≥ 0; default: 0.
  public static func oneCycle(_ value: Double, warmup: Int = 0) -> HyperparameterSchedule {
    .init(value, .oneCycle, warmup: warmup)
  }

  /// Arguments that have their default go without saying.
  private init(
    _ value: Double, _ formula: ScheduleFormula, _ arguments: [String: Double] = [:], warmup: Int
  ) {
    let all = arguments.merging([ScheduleFormula.warmup.name: Double(warmup)]) { $1 }
    let given = formula.arguments.filter { all[$0.name] != $0.defaultValue }.map(\.name)
    self.init(
      value, ScheduleCurve(formula: formula, arguments: all.filter { given.contains($0.key) }))
  }
}
