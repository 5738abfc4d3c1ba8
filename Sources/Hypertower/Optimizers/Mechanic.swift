/// Mechanic on Adam: a tuner of the step size that learns from the gradient along the whole way from the initial
/// weights.
///
/// A. Cutkosky, A. Defazio and H. Mehta, "Mechanic: A Learning Rate Tuner", NeurIPS 2023, arXiv 2306.00144.
public struct Mechanic: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - factor: Adam's step size, which Mechanic scales; default: 1.
  ///   - beta1: the decay of the mean of gradients; default: 0.9.
  ///   - beta2: the decay of the mean of squares; default: 0.999.
  ///   - epsilon: ε, added to the root; default: 1e-8.
  ///   - decay: λ, how strongly Mechanic pulls the weights back to 0; default: 0.01.
  ///   - initialScale: the first scale; default: 1e-8.
  public init(
    _ factor: Double = 1, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    decay: Double = 0.01, initialScale: Double = 1e-8
  ) {
    self.init(
      HyperparameterSchedule(factor), beta1: beta1, beta2: beta2, epsilon: epsilon, decay: decay,
      initialScale: initialScale)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ factor: HyperparameterSchedule, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, decay: Double = 0.01, initialScale: Double = 1e-8
  ) {
    levels = [
      RuleDefinition.mechanic.level(
        factor: ("alpha", factor), beta1: beta1, beta2: beta2, epsilon: epsilon,
        ["lambda": decay, "s_init": initialScale])
    ]
  }
}

extension RuleDefinition {
  /// Mechanic on Adam; see `Mechanic`.
  public static let mechanic = adam.tunedByMechanic("mechanic")

  /// Mechanic on SGD.
  public static let mechanicSGD = sgd.tunedByMechanic("mechanic_sgd")

  /// The rule whose steps are scaled by Mechanic, with a step size of 1 where none is given.
  ///
  /// With u the step of this rule and Δ the sum of its steps so far, S the scale and s its shares, for each β of
  /// 0.9, 0.99, …, 0.999999:
  ///
  /// h = ⟨Δ, g + λ·S·‖g‖·p/‖p‖⟩, m ← max(β·m, |h|), v ← β²·v + h², r ← max(0, β·r − s·h),
  /// s′ = (s₀/6·m + r) / (√v + 1e-8), S′ = Σ s′, Δ′ = Δ + u, p ← p₀ + S′·Δ′.
  ///
  /// The paper has h in place of |h|, with which S would stay 0 as long as Δ leads downhill; |h| is what its
  /// authors' implementations have.
  ///
  /// - Parameter name: how the rule is called in a tower's text.
  /// - Precondition: this rule does not say itself which weights are tested.
  public func tunedByMechanic(_ name: String) -> RuleDefinition {
    RuleDefinition(name, granularity: granularity, tunable: tunable) { rule in
      rule.estimatesItsStepSize()
      let step = rule.step(of: self)
      let decay = rule.constant("lambda", default: 0.01)
      let initialScale = rule.constant("s_init", default: 1e-8)
      let moved = rule.state("delta")
      let betas = [0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999]
      let shares = betas.indices.map { rule.sharedState("s\($0)") }
      let scale = shares.reduce(0, +)

      let norm = rule.norm(of: rule.parameter)
      // 0 / 0 where all parameters are 0.
      let outward = rule.dot(moved, rule.parameter) / .select(norm.isEqual(to: 0), 1, norm)
      let pull = decay * scale * rule.norm(of: rule.gradient) * outward
      let h = rule.dot(moved, rule.gradient) + pull
      var nextScale: Expression = 0
      for (number, beta) in betas.enumerated() {
        let (beta, share) = (Expression.constant(beta), shares[number])
        let (m, v, r) = (
          rule.sharedState("m\(number)"), rule.sharedState("v\(number)"),
          rule.sharedState("r\(number)")
        )
        let nextM = (beta * m).atLeast(h.magnitude)
        let nextV = beta * beta * v + h * h
        let nextR = (beta * r - share * h).atLeast(0)
        let wealth = initialScale / .constant(Double(betas.count)) * nextM + nextR
        let nextShare = wealth / (nextV.sqrt() + 1e-8)
        rule.update(m, to: nextM)
        rule.update(v, to: nextV)
        rule.update(r, to: nextR)
        rule.update(share, to: nextShare)
        nextScale = nextScale + nextShare
      }
      rule.update(moved, to: moved + step)
      // S′·Δ′ − S·Δ, since p = p₀ + S·Δ.
      return rule.parameter + (nextScale * step + (nextScale - scale) * moved)
    }
  }
}
