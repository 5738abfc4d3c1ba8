/// Prodigy: Adam with an estimate d of the distance from the initial weights to a solution in place of a step
/// size; d only grows.
///
/// K. Mishchenko and A. Defazio, "Prodigy: An Expeditiously Adaptive Parameter-Free Learner", ICML 2024, arXiv
/// 2306.06101, with the defaults of their package `prodigyopt` 1.1.
public struct Prodigy: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - factor: what d is multiplied with; default: 1.
  ///   - beta1: the decay of the mean of gradients; default: 0.9.
  ///   - beta2: the decay of the mean of squares; default: 0.999.
  ///   - epsilon: ε, added to the root, times d; default: 1e-8.
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
      RuleDefinition.prodigy.level(
        factor: ("lr", factor), beta1: beta1, beta2: beta2, epsilon: epsilon,
        ["d0": initialDistance])
    ]
  }
}

extension RuleDefinition {
  /// Prodigy; see there.
  ///
  /// N ← √β2·N + d²/d₀·γ·Σ g·(p₀ − p), s ← √β2·s + d²/d₀·γ·g, d′ = max(d, N / Σ|s|);
  /// m ← β1·m + (1−β1)·d·g, v ← β2·v + (1−β2)·d²·g², p ← p − γ·d·m / (√v + d′·ε), and d ← d′.
  public static let prodigy = RuleDefinition("prodigy") { rule in
    rule.estimatesItsStepSize()
    let factor = rule.learningRate("lr", default: 1)
    let beta1 = rule.constant("beta1", default: 0.9, domain: .unitInterval)
    let beta2 = rule.constant("beta2", default: 0.999, domain: .unitInterval)
    let epsilon = rule.constant("eps", default: 1e-8, domain: .powerOfTen)
    let initial = rule.constant("d0", default: 1e-6)
    let (m, v, s, moved) = (rule.state("m"), rule.state("v"), rule.state("s"), rule.state("moved"))
    let d = rule.sharedState("d", initial: initial)
    let numerator = rule.sharedState("numerator")
    let (g, beta3) = (rule.gradient, beta2.sqrt())

    let weight = d / initial * (factor * d)
    let nextS = beta3 * s + weight * g
    let nextNumerator = beta3 * numerator - weight * rule.dot(g, moved)
    let denominator = rule.sum(of: nextS.magnitude)
    // Nothing moves while all gradients are 0, as they are above the weights in the first step; a quotient
    // by 0 would have no derivative, though it is not chosen.
    let isStill = denominator.isEqual(to: 0)
    let estimate = nextNumerator / .select(isStill, 1, denominator)
    let nextD = Expression.select(isStill, d, d.atLeast(estimate))
    rule.update(d, to: nextD)
    rule.update(numerator, to: nextNumerator)
    rule.update(s, to: nextS)

    let nextM = beta1 * m + (1 - beta1) * d * g
    let nextV = beta2 * v + (1 - beta2) * (d * d) * (g * g)
    rule.update(m, to: nextM)
    rule.update(v, to: nextV)
    let change = factor * d * nextM / (nextV.sqrt() + nextD * epsilon)
    rule.update(moved, to: moved - change)
    return rule.parameter - change
  }
}
