/// Adam whose step on each tensor is as long as the tensor itself, times a step size.
///
/// Y. You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", arXiv 1904.00962, as optax
/// has it.
public struct LAMB: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0 of every tensor; default: 0.001.
  ///   - beta1: the decay of the mean of gradients, 0 ≤ β1 < 1; default: 0.9.
  ///   - beta2: the decay of the mean of squares, 0 ≤ β2 < 1; default: 0.999.
  ///   - epsilon: ε > 0, added to the root; default: 1e-6.
  ///   - weightDecay: λ ≥ 0, of which λ·p is added to the direction; default: 0.
  public init(
    _ learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-6, weightDecay: Double = 0
  ) {
    self.init(
      HyperparameterSchedule(learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon,
      weightDecay: weightDecay)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-6, weightDecay: Double = 0
  ) {
    levels = [
      RuleDefinition.lamb.level(
        factor: ("alpha", learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon,
        ["weight_decay": weightDecay])
    ]
  }
}

extension RuleDefinition {
  /// LAMB, of which the step sizes are tuned, one for each tensor.
  ///
  /// u = m̂ / (√v̂ + ε) + λ·p, p ← p − α·‖p‖/‖u‖·u, with 1 in place of the quotient where a norm is 0.
  public static let lamb = RuleDefinition(
    "lamb", granularity: .perTensor, tunable: .learningRates
  ) { rule in
    let moments = AdamMoments(rule, learningRate: 0.001, epsilon: 1e-6)
    let decay = rule.constant("weight_decay", default: 0)
    let direction = moments.direction + decay * rule.parameter
    let (norm, length) = (rule.norm(of: rule.parameter), rule.norm(of: direction))
    // A quotient by 0 would have no derivative, though it is not chosen.
    let isStill = length.isEqual(to: 0)
    let ratio = norm / .select(isStill, 1, length)
    let trust = Expression.select(isStill, 1, .select(norm.isEqual(to: 0), 1, ratio))
    return rule.parameter - moments.learningRate * trust * direction
  }
}
