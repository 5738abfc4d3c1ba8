import Glibc

@testable import Hypertower

/// Adam's relatives, by hand.
extension ReferenceRule {
  enum Moments: String {
    case adamw, nadam, radam, amsgrad, adabelief, lamb
  }

  /// One step: `h` has α and the stored forms of β1, β2 and ε, with AdamW's λ after them; LAMB's has α alone, and
  /// its `constants` are β1, β2, ε and λ.
  func apply(
    _ moments: Moments, _ p: Double, _ g: Double, _ state: inout [Double], _ h: [Double], _ t: Int,
    _ sums: [Double], _ shared: [Double]
  ) -> Double {
    if moments == .lamb {
      let step = lambStep(p, g, &state, t)
      let norms = sums.map { $0.squareRoot() }
      return p - h[0] * (norms.contains(0) ? 1 : norms[0] / norms[1]) * step
    }
    let (beta1, beta2, epsilon, time) = (unit(h[1]), unit(h[2]), pow(10, h[3]), Double(t))
    state[0] = beta1 * state[0] + (1 - beta1) * g
    let squared = moments == .adabelief ? g - state[0] : g
    state[1] = beta2 * state[1] + (1 - beta2) * squared * squared
    if moments == .adabelief { state[1] += epsilon }
    if moments == .amsgrad { state[2] = max(state[2], state[1]) }
    let m = state[0] / (1 - pow(beta1, time))
    let correction = 1 - pow(beta2, time)
    let root = (state[moments == .amsgrad ? 2 : 1] / correction).squareRoot() + epsilon
    switch moments {
    case .adamw: return p * (1 - h[0] * h[4]) - h[0] * m / root
    case .amsgrad, .adabelief: return p - h[0] * m / root
    case .nadam:
      let (now, next) = (nesterovMomentum(beta1, t), nesterovMomentum(beta1, t + 1))
      let product = shared[0] * now
      return p - h[0] * (1 - now) / (1 - product) * g / root
        - h[0] * next / (1 - product * next) * state[0] / root
    case .radam:
      let longest = 2 / (1 - beta2) - 1
      let length = longest - 2 * time * pow(beta2, time) / correction
      guard length > 5 else { return p - h[0] * m }
      let rectification = sqrt(
        (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length))
      return p - h[0] * m * rectification * sqrt(correction) / (sqrt(state[1]) + epsilon)
    case .lamb: fatalError("handled above")
    }
  }

  /// NAdam's μ(t), with ψ = 0.004.
  func nesterovMomentum(_ beta1: Double, _ t: Int) -> Double {
    beta1 * (1 - 0.5 * pow(0.96, Double(t) * 0.004))
  }

  /// What one element adds to ‖p‖² and to ‖u‖².
  func lambTerms(_ p: Double, _ g: Double, _ state: [Double], _ t: Int) -> [Double] {
    var state = state
    let step = lambStep(p, g, &state, t)
    return [p * p, step * step]
  }

  /// u = m̂ / (√v̂ + ε) + λ·p.
  private func lambStep(_ p: Double, _ g: Double, _ state: inout [Double], _ t: Int) -> Double {
    let (beta1, beta2) = (constants[0], constants[1])
    state[0] = beta1 * state[0] + (1 - beta1) * g
    state[1] = beta2 * state[1] + (1 - beta2) * g * g
    let m = state[0] / (1 - pow(beta1, Double(t)))
    let v = state[1] / (1 - pow(beta2, Double(t)))
    return m / (v.squareRoot() + constants[2]) + constants[3] * p
  }
}
