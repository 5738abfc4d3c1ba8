/// Adam whose mean of squares never falls: the greatest so far takes its place.
///
/// S. Reddi, S. Kale and S. Kumar, "On the Convergence of Adam and Beyond", arXiv 1904.09237, with corrected means as
/// PyTorch has it: `torch.optim.Adam(…, amsgrad=True)`.
public struct AMSGrad: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 0.001.
  ///   - beta1: the decay of the mean of gradients, 0 ≤ β1 < 1; above 0 if it is tuned; default: 0.9.
  ///   - beta2: the decay of the mean of squares, 0 ≤ β2 < 1; above 0 if it is tuned; default: 0.999.
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
      RuleDefinition.amsgrad.level(
        factor: ("alpha", learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon)
    ]
  }
}

extension RuleDefinition {
  /// AMSGrad, of which α, β1, β2 and ε are tuned: v̄ ← max(v̄, v), p ← p − α·m̂ / (√(v̄ / (1−β2^t)) + ε).
  public static let amsgrad = RuleDefinition("amsgrad") { rule in
    let moments = AdamMoments(rule, learningRate: 0.001)
    let greatest = rule.state("vmax")
    let nextGreatest = moments.squares.atLeast(greatest)
    rule.update(greatest, to: nextGreatest)
    let root = (nextGreatest / moments.squaresCorrection).sqrt() + moments.epsilon
    return rule.parameter - moments.learningRate * moments.correctedMean / root
  }
}
