/// Adam whose steps shrink where gradients differ from their mean, rather than where they are large.
///
/// J. Zhuang et al., "AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed Gradients", arXiv 2010.07468, as
/// optax has it. The authors' package rectifies steps by default as well, as `RAdam` does; this rule does not.
public struct AdaBelief: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 0.001.
  ///   - beta1: the decay of the mean of gradients, 0 ≤ β1 < 1; above 0 if it is tuned; default: 0.9.
  ///   - beta2: the decay of the mean of squares, 0 ≤ β2 < 1; above 0 if it is tuned; default: 0.999.
  ///   - epsilon: ε > 0, added to the mean of squares in each step, and to its root; default: 1e-16.
  public init(
    _ learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-16
  ) {
    self.init(
      HyperparameterSchedule(learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-16
  ) {
    levels = [
      RuleDefinition.adaBelief.level(
        factor: ("alpha", learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon)
    ]
  }
}

extension RuleDefinition {
  /// AdaBelief, of which α, β1, β2 and ε are tuned: s ← β2·s + (1−β2)·(g − m)² + ε, p ← p − α·m̂ / (√ŝ + ε).
  public static let adaBelief = RuleDefinition("adabelief") { rule in
    let moments = AdamMoments(rule, learningRate: 0.001, epsilon: 1e-16, squares: .ofDeviations)
    return rule.parameter - moments.learningRate * moments.direction
  }
}
