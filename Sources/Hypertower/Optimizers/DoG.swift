/// Distance over gradients: SGD whose step size is the greatest distance from the initial weights so far over
/// the root of the sum of all squared gradients.
///
/// η = r̄ / √(Σ‖g‖² + 1e-8) with r̄ = max ‖p − p₀‖ over the steps so far, at least r·(1 + ‖p₀‖).
///
/// M. Ivgi, O. Hinder and Y. Carmon, "DoG is SGD's Best Friend", ICML 2023, arXiv 2302.12022, who evaluate an
/// average of the weights.
public struct DoG: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - factor: what the step size is multiplied with; default: 1.
  ///   - initialDistance: r, the first distance as a share of 1 + ‖p₀‖; default: 1e-6.
  public init(_ factor: Double = 1, initialDistance: Double = 1e-6) {
    self.init(HyperparameterSchedule(factor), initialDistance: initialDistance)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(_ factor: HyperparameterSchedule, initialDistance: Double = 1e-6) {
    levels = [
      RuleDefinition.dog.level(scheduled: ["factor": factor, "reps_rel": .init(initialDistance)])
    ]
  }
}

extension RuleDefinition {
  /// Distance over gradients; see `DoG`.
  public static let dog = RuleDefinition("dog") { rule in
    rule.estimatesItsStepSize()
    let factor = rule.learningRate("factor", default: 1)
    let share = rule.constant("reps_rel", default: 1e-6)
    let moved = rule.state("moved")
    let distance = rule.sharedState("rbar")
    let squares = rule.sharedState("G")
    let isFirst = rule.step.isLess(than: 1.5)
    let first = share * (1 + rule.norm(of: rule.parameter))
    let now = rule.norm(of: moved)
    let nextDistance = Expression.select(isFirst, first, distance.atLeast(now))
    let nextSquares = squares + rule.dot(rule.gradient, rule.gradient)
    rule.update(distance, to: nextDistance)
    rule.update(squares, to: nextSquares)
    let change = factor * nextDistance / (nextSquares + 1e-8).sqrt() * rule.gradient
    rule.update(moved, to: moved - change)
    return rule.parameter - change
  }
}
