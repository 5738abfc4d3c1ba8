/// Adam: steps along the running mean of gradients over the root of the running mean of their
/// squares.
///
/// D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", arXiv 1412.6980.
public struct Adam: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 0.001.
  ///   - beta1: the decay of the mean of gradients, 0 ≤ β1 < 1; above 0 if it is tuned; default: 0.9.
  ///   - beta2: the decay of the mean of squares, 0 ≤ β2 < 1; above 0 if it is tuned; default: 0.999.
  ///   - epsilon: ε > 0, added to the root; default: 1e-8. With 0, a gradient that is always 0 would
  ///     make a step of 0/0.
  ///   - tunesOnlyLearningRate: whether β1, β2 and ε stay as they are; default: false.
  public init(
    _ learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, tunesOnlyLearningRate: Bool = false
  ) {
    self.init(
      HyperparameterSchedule(learningRate), beta1: .init(beta1), beta2: .init(beta2),
      epsilon: .init(epsilon),
      tunesOnlyLearningRate: tunesOnlyLearningRate)
  }

  /// The same with schedules, numbers among them; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, beta1: HyperparameterSchedule = 0.9,
    beta2: HyperparameterSchedule = 0.999, epsilon: HyperparameterSchedule = 1e-8,
    tunesOnlyLearningRate: Bool = false
  ) {
    let definition = tunesOnlyLearningRate ? RuleDefinition.adamAlpha : .adam
    levels = [
      definition.level(
        scheduled: ["alpha": learningRate, "beta1": beta1, "beta2": beta2, "eps": epsilon])
    ]
  }
}

extension RuleDefinition {
  /// Adam, of which α, β1, β2 and ε are tuned.
  public static let adam = RuleDefinition("adam") { rule in
    // p ← p − α·m̂ / (√v̂ + ε); v starts at ε, as in the tower paper, not at 0.
    let moments = AdamMoments(rule, learningRate: 0.001, squares: .fromEpsilon)
    return rule.parameter - moments.learningRate * moments.correctedMean / moments.root
  }

  /// Adam, of which α alone is tuned.
  public static let adamAlpha = adam.variant("adam_alpha", tunable: .learningRates)
}
