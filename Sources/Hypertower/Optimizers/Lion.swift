/// Lion: steps of one size, in the direction of the sign of a running mean of gradients.
///
/// X. Chen et al., "Symbolic Discovery of Optimization Algorithms", arXiv 2302.06675.
public struct Lion: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 1e-4.
  ///   - beta1: the share of the mean in what the sign is taken of, 0 ≤ β1 < 1; default: 0.9.
  ///   - beta2: the decay of the mean of gradients, 0 ≤ β2 < 1; default: 0.99.
  ///   - weightDecay: λ ≥ 0, of which each step takes α·λ·p off; default: none.
  public init(
    _ learningRate: Double = 1e-4, beta1: Double = 0.9, beta2: Double = 0.99,
    weightDecay: Double? = nil
  ) {
    self.init(
      HyperparameterSchedule(learningRate), beta1: .init(beta1), beta2: .init(beta2),
      weightDecay: weightDecay.map { HyperparameterSchedule($0) })
  }

  /// The same with schedules, numbers among them; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, beta1: HyperparameterSchedule = 0.9,
    beta2: HyperparameterSchedule = 0.99, weightDecay: HyperparameterSchedule? = nil
  ) {
    var arguments = ["alpha": learningRate, "beta1": beta1, "beta2": beta2]
    arguments["weight_decay"] = weightDecay
    levels = [RuleDefinition.lion.level(scheduled: arguments)]
  }
}

extension RuleDefinition {
  /// Lion, of which α and, where there is one, the weight decay λ are tuned.
  ///
  /// β1 and β2 stay as they are: they act through a sign alone, so the derivatives by them are 0.
  public static let lion = RuleDefinition("lion") { rule in
    // c = β1·m + (1−β1)·g, p ← p − α·(sign(c) + λ·p), m ← β2·m + (1−β2)·g.
    let learningRate = rule.learningRate(default: 1e-4)
    let beta1 = rule.constant("beta1", default: 0.9, domain: .unitInterval)
    let beta2 = rule.constant("beta2", default: 0.99, domain: .unitInterval)
    let decay = rule.optionalHyperparameter("weight_decay")
    let mean = rule.state("m")
    rule.update(mean, to: beta2 * mean + (1 - beta2) * rule.gradient)
    let direction = (beta1 * mean + (1 - beta1) * rule.gradient).sign
    let step = decay.map { direction + $0 * rule.parameter } ?? direction
    return rule.parameter - learningRate * step
  }
}
