/// Rectified Adam: makes steps along the mean of gradients alone until the mean of squares has seen enough of them.
///
/// L. Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", arXiv 1908.03265, as PyTorch has it.
public struct RAdam: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 0.001.
  ///   - beta1: the decay of the mean of gradients, 0 ≤ β1 < 1; above 0 if it is tuned; default: 0.9.
  ///   - beta2: the decay of the mean of squares, 0 ≤ β2 < 1; above 0 if it is tuned; default: 0.999. Up to 0.6, steps
  ///     stay those along the mean of gradients. Above 0.999 single precision tells ρ, a difference of two numbers near
  ///     2/(1−β2), too roughly: with 0.9999 the first rectified steps are off by a fifth.
  ///   - epsilon: ε > 0, added to the root; default: 1e-8.
  public init(
    _ learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    self.init(
      HyperparameterSchedule(learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    levels = [
      RuleDefinition.radam.level(
        factor: ("alpha", learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon)
    ]
  }
}

extension RuleDefinition {
  /// RAdam, of which α, β1, β2 and ε are tuned.
  ///
  /// With ρ∞ = 2/(1−β2) − 1 and ρ = ρ∞ − 2·t·β2^t/(1−β2^t): where ρ > 5,
  /// p ← p − α·m̂·√((ρ−4)·(ρ−2)·ρ∞ / ((ρ∞−4)·(ρ∞−2)·ρ))·√(1−β2^t) / (√v + ε), else p ← p − α·m̂.
  public static let radam = RuleDefinition("radam") { rule in
    let moments = AdamMoments(rule, learningRate: 0.001)
    let longest = 2 / (1 - moments.beta2) - 1
    let weight = AdamMoments.decay(moments.beta2, rule.step)
    let length = longest - 2 * rule.step * weight / moments.squaresCorrection
    let isLong = Expression.constant(5).isLess(than: length)
    // A root or a quotient that does not exist would have no derivative, though it is not chosen.
    func ifLong(_ value: Expression) -> Expression { .select(isLong, value, 1) }
    let above = (length - 4) * (length - 2) * longest
    let below = (longest - 4) * (longest - 2) * length
    let rectification = (ifLong(above) / ifLong(below)).sqrt()
    let root = moments.squaresCorrection.sqrt() / (moments.squares.sqrt() + moments.epsilon)
    let factor = Expression.select(isLong, rectification * root, 1)
    return rule.parameter - moments.learningRate * (moments.correctedMean * factor)
  }
}
