/// Tunes the step sizes of the level below without a choice of its own: by the cosine between the
/// gradient and the last step, which knows no scale, with a gain that falls each time its running mean
/// changes the sign.
///
/// For each step size α, with g_α its gradient and b ≥ |g_α| the bound of that:
/// c = −g_α / b, c̄ ← c̄ + (c − c̄) / 10, N ← N + 1 where c̄ changes its sign, α ← α·e^(κ·c / (1 + N)).
///
/// To lower a gain only when the direction changes is the idea of H. Kesten, "Accelerated Stochastic
/// Approximation", Annals of Mathematical Statistics 29 (1958).
public struct Kesten: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - kappa: κ > 0, the most that the logarithm of a step size moves at once; default: 1.
  ///   - perTensor: whether each tensor that the level below moves gets a step size of its own;
  ///     default: false.
  public init(_ kappa: Double = 1, perTensor: Bool = false) {
    self.init(HyperparameterSchedule(kappa), perTensor: perTensor)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(_ kappa: HyperparameterSchedule, perTensor: Bool = false) {
    let arguments = ["kappa": kappa, "per_tensor": perTensor ? 1.0 : 0.0]
    levels = [RuleDefinition.kesten.level(scheduled: arguments)]
  }
}

extension RuleDefinition {
  /// The level that needs no tuning; see `Kesten`.
  public static let kesten = RuleDefinition("kesten") { rule in
    let kappa = rule.learningRate("kappa", default: 1)
    rule.tunesLearningRates(perTensor: rule.flag("per_tensor"))
    let (mean, signChanges, hasMoved) = (
      rule.state("cbar"), rule.state("n"), rule.state("started")
    )
    let (cosine, isStill) = rule.descentCosine

    let nextMean = Expression.select(hasMoved, mean + 0.1 * (cosine - mean), cosine)
    let nextSignChanges = signChanges + (nextMean * mean).isLess(than: 0)
    rule.update(mean, to: nextMean)
    rule.update(signChanges, to: nextSignChanges)
    rule.update(hasMoved, to: .select(isStill, hasMoved, 1))
    return rule.parameter(timesExponentialOf: kappa * cosine / (1 + nextSignChanges))
  }
}
