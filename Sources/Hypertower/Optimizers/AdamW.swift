/// Adam with decoupled weight decay: each step also takes α·λ of the weights off.
///
/// I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", arXiv 1711.05101, as PyTorch has it: the mean
/// of squares starts at 0, where `Adam`'s starts at ε.
public struct AdamW: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 0.001.
  ///   - beta1: the decay of the mean of gradients, 0 ≤ β1 < 1; above 0 if it is tuned; default: 0.9.
  ///   - beta2: the decay of the mean of squares, 0 ≤ β2 < 1; above 0 if it is tuned; default: 0.999.
  ///   - epsilon: ε > 0, added to the root; default: 1e-8.
  ///   - weightDecay: λ ≥ 0; default: 0.01.
  public init(
    _ learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    self.init(
      HyperparameterSchedule(learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon,
      weightDecay: weightDecay)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0.01
  ) {
    levels = [
      RuleDefinition.adamW.level(
        factor: ("alpha", learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon,
        ["weight_decay": weightDecay])
    ]
  }
}

extension RuleDefinition {
  /// AdamW, of which α, β1, β2, ε and λ are tuned: p ← p − α·(m̂ / (√v̂ + ε) + λ·p).
  public static let adamW = RuleDefinition("adamw") { rule in
    let moments = AdamMoments(rule, learningRate: 0.001)
    let decay = rule.hyperparameter("weight_decay", default: 0.01)
    return rule.parameter - moments.learningRate * (moments.direction + decay * rule.parameter)
  }
}
