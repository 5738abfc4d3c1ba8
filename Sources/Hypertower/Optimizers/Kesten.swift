import RealModule

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
    let bound = rule.gradientBound
    let isStill = bound.isEqual(to: 0)
    let quotient = rule.descentOnNaturalScale / bound
    let cosine = Expression.select(
      isStill, 0, .select(quotient.isFinite * bound.isFinite, quotient, -1))

    let nextMean = Expression.select(hasMoved, mean + 0.1 * (cosine - mean), cosine)
    let nextSignChanges = signChanges + (nextMean * mean).isLess(than: 0)
    rule.update(mean, to: nextMean)
    rule.update(signChanges, to: nextSignChanges)
    rule.update(hasMoved, to: .select(isStill, hasMoved, 1))
    return rule.parameter(timesExponentialOf: kappa * cosine / (1 + nextSignChanges))
  }
}

/// What a positive step size never falls below, so that it can rise again: near the least normal float32.
private let leastStepSize = 1e-37

extension RuleBuilder {
  /// The direction in which the loss falls on the natural scale of what is tuned: the negative gradient,
  /// but for a positive factor.
  fileprivate var descentOnNaturalScale: Expression {
    // The one domain whose natural value may fall where the stored one grows.
    parameterDomain == .square
      ? .select(parameter.isLess(than: 0), gradient, -gradient) : -gradient
  }

  /// The parameter after its natural value was multiplied by e^`exponent`; where that is not positive,
  /// or would leave the domain, `exponent` is added to the stored value.
  fileprivate func parameter(timesExponentialOf exponent: Expression) -> Expression {
    switch parameterDomain {
    case .real:
      .select(
        Expression.constant(0).isLess(than: parameter),
        (parameter * exponent.exp()).atLeast(.constant(leastStepSize)), parameter + exponent)
    case .square: parameter * (exponent / 2).exp()
    case .powerOfTen: parameter + exponent * .constant(1 / Double.log(10))
    case .unitInterval: parameter + exponent
    }
  }
}
