/// D-Adaptation for Adam: like `Prodigy`, an estimate d of the distance from the initial weights to a solution in
/// place of a step size.
///
/// A. Defazio and K. Mishchenko, "Learning-Rate-Free Learning by D-Adaptation", ICML 2023, arXiv 2301.07733, with
/// the defaults of `DAdaptAdam` in their package `dadaptation` 3.2.
public struct DAdaptAdam: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - factor: what d is multiplied with; default: 1.
  ///   - beta1: the decay of the mean of gradients; default: 0.9.
  ///   - beta2: the decay of the mean of squares; default: 0.999.
  ///   - epsilon: ε, added to the root; default: 1e-8.
  ///   - initialDistance: the first estimate d₀; default: 1e-6.
  public init(
    _ factor: Double = 1, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    initialDistance: Double = 1e-6
  ) {
    self.init(
      HyperparameterSchedule(factor), beta1: beta1, beta2: beta2, epsilon: epsilon,
      initialDistance: initialDistance)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ factor: HyperparameterSchedule, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, initialDistance: Double = 1e-6
  ) {
    levels = [
      RuleDefinition.dadaptAdam.level(
        factor: ("lr", factor), beta1: beta1, beta2: beta2, epsilon: epsilon,
        ["d0": initialDistance])
    ]
  }
}

extension RuleDefinition {
  /// D-Adaptation for Adam; see `DAdaptAdam`.
  ///
  /// With λ = γ·d and β3 = √β2: N ← β3·N + (1−β3)·λ·Σ g·s / (√v + ε), m ← β1·m + (1−β1)·λ·g,
  /// v ← β2·v + (1−β2)·g², s ← β3·s + (1−β3)·λ·g, p ← p − m / (√v + ε), d ← max(d, N / ((1−β3)·Σ|s|)).
  public static let dadaptAdam = RuleDefinition("dadapt_adam") { rule in
    rule.estimatesItsStepSize()
    let factor = rule.learningRate("lr", default: 1)
    let beta1 = rule.constant("beta1", default: 0.9, domain: .unitInterval)
    let beta2 = rule.constant("beta2", default: 0.999, domain: .unitInterval)
    let epsilon = rule.constant("eps", default: 1e-8, domain: .powerOfTen)
    let (m, v, s) = (rule.state("m"), rule.state("v"), rule.state("s"))
    let d = rule.sharedState("d", initial: rule.constant("d0", default: 1e-6))
    let numerator = rule.sharedState("numerator")
    let (g, beta3, rate) = (rule.gradient, beta2.sqrt(), factor * d)

    let nextS = beta3 * s + (1 - beta3) * rate * g
    let progress = rule.dot(g, s / (v.sqrt() + epsilon))
    let nextNumerator = beta3 * numerator + (1 - beta3) * (rate * progress)
    let norm = rule.sum(of: nextS.magnitude)
    let estimate = nextNumerator / ((1 - beta3) * norm)
    // Nothing moves while all gradients are 0.
    rule.update(d, to: .select(norm.isEqual(to: 0), d, d.atLeast(estimate)))
    rule.update(numerator, to: nextNumerator)
    rule.update(s, to: nextS)

    let nextM = beta1 * m + (1 - beta1) * rate * g
    let nextV = beta2 * v + (1 - beta2) * (g * g)
    rule.update(m, to: nextM)
    rule.update(v, to: nextV)
    return rule.parameter - nextM / (nextV.sqrt() + epsilon)
  }
}
