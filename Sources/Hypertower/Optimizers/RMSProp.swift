/// RMSProp: s ← γ·s + (1−γ)·g², p ← p − α·g / √(s + 1e-8), with s starting at 0.
///
/// T. Tieleman and G. Hinton, "Lecture 6.5 — RMSProp", Coursera (2012).
public struct RMSProp: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0, stored as its square root; default: 0.01.
  ///   - gamma: the decay of the mean of squares, 0 ≤ γ < 1; above 0 if it is tuned; default: 0.99.
  ///   - tunesOnlyLearningRate: whether γ stays as it is; default: false.
  public init(
    _ learningRate: Double = 0.01, gamma: Double = 0.99, tunesOnlyLearningRate: Bool = false
  ) {
    self.init(
      HyperparameterSchedule(learningRate), gamma: .init(gamma),
      tunesOnlyLearningRate: tunesOnlyLearningRate)
  }

  /// The same with schedules, numbers among them; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, gamma: HyperparameterSchedule = 0.99,
    tunesOnlyLearningRate: Bool = false
  ) {
    let definition = tunesOnlyLearningRate ? RuleDefinition.rmspropAlpha : .rmsprop
    levels = [definition.level(scheduled: ["alpha": learningRate, "gamma": gamma])]
  }
}

extension RuleDefinition {
  /// RMSProp, of which α and γ are tuned.
  public static let rmsprop = RuleDefinition("rmsprop") { rule in
    let learningRate = rule.learningRate(default: 0.01, domain: .square)
    let gamma = rule.hyperparameter("gamma", default: 0.99, domain: .unitInterval)
    let mean = rule.state("s")
    let next = gamma * mean + (1 - gamma) * (rule.gradient * rule.gradient)
    rule.update(mean, to: next)
    return rule.parameter - learningRate * rule.gradient / (next + 1e-8).sqrt()
  }

  /// RMSProp, of which α alone is tuned.
  public static let rmspropAlpha = rmsprop.variant("rmsprop_alpha", tunable: .learningRates)
}
