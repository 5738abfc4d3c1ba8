/// AdaGrad: G ← G + g², p ← p − α·g / √(G + 1e-10), with G starting at 0.1.
///
/// J. Duchi, E. Hazan and Y. Singer, "Adaptive Subgradient Methods for Online Learning and
/// Stochastic Optimization", JMLR 12 (2011).
public struct AdaGrad: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameter learningRate: the step size α ≥ 0; default: 0.01.
  public init(_ learningRate: Double = 0.01) {
    levels = [RuleDefinition.adagrad.level(["alpha": learningRate])]
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(_ learningRate: HyperparameterSchedule) {
    levels = [RuleDefinition.adagrad.level(scheduled: ["alpha": learningRate])]
  }
}

extension RuleDefinition {
  /// AdaGrad, of which α is tuned.
  public static let adagrad = RuleDefinition("adagrad") { rule in
    let learningRate = rule.learningRate(default: 0.01)
    let sum = rule.state("G", initial: 0.1)
    let next = sum + rule.gradient * rule.gradient
    rule.update(sum, to: next)
    return rule.parameter - learningRate * rule.gradient / (next + 1e-10).sqrt()
  }
}
