import Glibc

@testable import Hypertower

extension RuleDefinition {
  /// A rule that looks at all parameters: with a sum of what depends on a hyperparameter, a norm, and a shared
  /// state of which the step is a function.
  ///
  /// S = Σ g·(1 + μ·b + p), n = √Σ (p − b)², c ← μ·c + (1−μ)·(S + n), b ← μ·b + g,
  /// p ← p − α·(1 + c) / (1 + n)·b.
  static let coupled = RuleDefinition("coupled") { rule in
    let learningRate = rule.learningRate(default: 0.1)
    let momentum = rule.hyperparameter("mu", default: 0.5)
    let velocity = rule.state("b")
    let scale = rule.sharedState("c", initial: momentum)
    let sum = rule.sum(of: rule.gradient * (1 + momentum * velocity + rule.parameter))
    let norm = rule.norm(of: rule.parameter - velocity)
    let nextScale = momentum * scale + (1 - momentum) * (sum + norm)
    let next = momentum * velocity + rule.gradient
    rule.update(scale, to: nextScale)
    rule.update(velocity, to: next)
    return rule.parameter - learningRate * (1 + nextScale) / (1 + norm) * next
  }

  static let coupledPerTensor = coupled.variant("coupled_per_tensor", granularity: .perTensor)
}

/// The rules with sums, by hand.
extension ReferenceRule {
  /// Of all hyperparameters of a level, those of a tensor.
  func own(_ h: [Double], tensor: Int) -> [Double] {
    isPerTensor ? Array(h[tensor * initial.count..<(tensor + 1) * initial.count]) : h
  }

  /// The shared states before the first step.
  func initialShared() -> [Double] {
    switch kind {
    case .dog: [0, 0]
    case .prodigy: [constants[3], 0]
    case .coupled, .coupledPerTensor: [initial[1]]
    case .moments(let moments): moments == .nadam ? [1] : []
    case .sgd, .momentum, .momentumAlpha, .perTensor, .adam, .adamAlpha, .adamAlphaPerTensor,
      .adagrad, .rmsprop, .rmspropAlpha, .kesten, .kestenOnRoot, .lion, .lionAlpha, .lookingAhead,
      .clipped:
      []
    }
  }

  /// What one element adds to the sums.
  func terms(
    _ p: Double, _ g: Double, _ state: [Double], _ h: [Double], t: Int, shared: [Double]
  ) -> [Double] {
    switch kind {
    case .dog: [p * p, state[0] * state[0], g * g]
    case .prodigy: [g * state[3], nextS(g, state, h, shared).magnitude]
    case .coupled, .coupledPerTensor:
      [g * (1 + h[1] * state[0] + p), (p - state[0]) * (p - state[0])]
    case .moments(let moments): moments == .lamb ? lambTerms(p, g, state, t) : []
    case .clipped: [g * g]
    case .sgd, .momentum, .momentumAlpha, .perTensor, .adam, .adamAlpha, .adamAlphaPerTensor,
      .adagrad, .rmsprop, .rmspropAlpha, .kesten, .kestenOnRoot, .lion, .lionAlpha, .lookingAhead:
      []
    }
  }

  /// The shared states after a step with the hyperparameters `h`.
  func nextShared(_ shared: [Double], sums: [Double], _ h: [Double], t: Int) -> [Double] {
    switch kind {
    case .dog:
      let first = constants[0] * (1 + sums[0].squareRoot())
      return [t == 1 ? first : max(shared[0], sums[1].squareRoot()), shared[1] + sums[2]]
    case .prodigy:
      let numerator =
        constants[1].squareRoot() * shared[1] - weight(h, shared) * sums[0]
      return [sums[1] == 0 ? shared[0] : max(shared[0], numerator / sums[1]), numerator]
    case .coupled, .coupledPerTensor:
      return [h[1] * shared[0] + (1 - h[1]) * (sums[0] + sums[1].squareRoot())]
    case .moments(let moments):
      return moments == .nadam ? [shared[0] * nesterovMomentum(unit(h[1]), t)] : []
    case .sgd, .momentum, .momentumAlpha, .perTensor, .adam, .adamAlpha, .adamAlphaPerTensor,
      .adagrad, .rmsprop, .rmspropAlpha, .kesten, .kestenOnRoot, .lion, .lionAlpha, .lookingAhead,
      .clipped:
      return []
    }
  }

  func applyWithSums(
    _ p: Double, _ g: Double, _ state: inout [Double], _ h: [Double], _ t: Int, _ sums: [Double],
    _ shared: [Double]
  ) -> Double {
    let next = nextShared(shared, sums: sums, h, t: t)
    if kind == .dog {
      let change = h[0] * next[0] / (next[1] + 1e-8).squareRoot() * g
      state[0] -= change
      return p - change
    }
    if kind == .prodigy {
      let (beta1, beta2, d) = (constants[0], constants[1], shared[0])
      state[2] = nextS(g, state, h, shared)
      state[0] = beta1 * state[0] + (1 - beta1) * d * g
      state[1] = beta2 * state[1] + (1 - beta2) * d * d * g * g
      let change = h[0] * d * state[0] / (state[1].squareRoot() + next[0] * constants[2])
      state[3] -= change
      return p - change
    }
    state[0] = h[1] * state[0] + g
    return p - h[0] * (1 + next[0]) / (1 + sums[1].squareRoot()) * state[0]
  }

  /// d²/d₀·γ.
  private func weight(_ h: [Double], _ shared: [Double]) -> Double {
    shared[0] / constants[3] * (h[0] * shared[0])
  }

  private func nextS(
    _ g: Double, _ state: [Double], _ h: [Double], _ shared: [Double]
  ) -> Double {
    constants[1].squareRoot() * state[2] + weight(h, shared) * g
  }
}
