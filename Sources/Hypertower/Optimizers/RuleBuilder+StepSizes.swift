import RealModule

/// What a positive step size never falls below, so that it can rise again: near the least normal float32.
private let leastStepSize = 1e-37

extension RuleBuilder {
  /// The cosine between the negative gradient of what the level below moves and the derivative of that by the
  /// step size, on its natural scale; and whether there is none yet.
  ///
  /// 0 where nothing has moved, −1 where a number is not finite.
  var descentCosine: (cosine: Expression, isStill: Expression) {
    (cosine(descentOnNaturalScale, gradientBound), gradientBound.isEqual(to: 0))
  }

  /// The same for the gradient that looks back on the run, which is one on the natural scale.
  var runDescentCosine: Expression { cosine(-runGradient, runGradientBound) }

  /// ‖E‖ / ‖J‖, the length of what `runGradient` looks back on, in derivatives of the last step.
  var runLength: Expression {
    runGradientBound / (gradientBound / slope(of: parameterDomain, at: parameter).magnitude)
  }

  /// The derivative of a natural value by what it is stored as.
  func slope(of domain: HyperparameterDomain, at raw: Expression) -> Expression {
    domain == .real ? 1 : derivative(of: domain.natural(raw), by: raw)
  }

  private func cosine(_ descent: Expression, _ bound: Expression) -> Expression {
    let quotient = descent / bound
    return .select(
      bound.isEqual(to: 0), 0, .select(quotient.isFinite * bound.isFinite, quotient, -1))
  }

  /// The direction in which the loss falls on the natural scale of what is tuned: the negative gradient,
  /// but for a positive factor.
  private var descentOnNaturalScale: Expression {
    // The one domain whose natural value may fall where the stored one grows.
    parameterDomain == .square
      ? .select(parameter.isLess(than: 0), gradient, -gradient) : -gradient
  }

  /// The parameter after its natural value was multiplied by e^`exponent`; where that is not positive,
  /// or would leave the domain, `exponent` is added to the stored value.
  func parameter(timesExponentialOf exponent: Expression) -> Expression {
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
