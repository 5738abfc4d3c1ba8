/// Adam with Nesterov's momentum, which looks ahead along the mean of gradients.
///
/// T. Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, as PyTorch has it.
public struct NAdam: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 0.002.
  ///   - beta1: the decay of the mean of gradients, 0 ≤ β1 < 1; above 0 if it is tuned; default: 0.9.
  ///   - beta2: the decay of the mean of squares, 0 ≤ β2 < 1; above 0 if it is tuned; default: 0.999.
  ///   - epsilon: ε > 0, added to the root; default: 1e-8.
  ///   - momentumDecay: ψ ≥ 0, how soon momentum comes to its full strength; default: 0.004.
  public init(
    _ learningRate: Double = 0.002, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, momentumDecay: Double = 0.004
  ) {
    self.init(
      HyperparameterSchedule(learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon,
      momentumDecay: momentumDecay)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, momentumDecay: Double = 0.004
  ) {
    levels = [
      RuleDefinition.nadam.level(
        factor: ("alpha", learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon,
        ["momentum_decay": momentumDecay])
    ]
  }
}

extension RuleDefinition {
  /// NAdam, of which α, β1, β2 and ε are tuned.
  ///
  /// With μ(t) = β1·(1 − 0.96^(t·ψ)/2) and Π the product of μ(1) to μ(t),
  /// p ← p − α·((1 − μ(t)) / (1 − Π)·g + μ(t+1) / (1 − Π·μ(t+1))·m) / (√v̂ + ε).
  public static let nadam = RuleDefinition("nadam") { rule in
    let moments = AdamMoments(rule, learningRate: 0.002)
    let decay = rule.constant("momentum_decay", default: 0.004)
    let product = rule.sharedState("mu_product", initial: 1)
    func momentum(_ step: Expression) -> Expression {
      let power = AdamMoments.decay(0.96, step * decay)
      return moments.beta1 * (1 - 0.5 * power)
    }
    let (now, next) = (momentum(rule.step), momentum(rule.step + 1))
    let nextProduct = product * now
    rule.update(product, to: nextProduct)
    let ofGradient = (1 - now) / (1 - nextProduct) * rule.gradient
    let ofMean = next / (1 - nextProduct * next) * moments.mean
    return rule.parameter - moments.learningRate * (ofGradient + ofMean) / moments.root
  }
}
