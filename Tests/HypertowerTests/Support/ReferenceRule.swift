import Glibc

/// The update rules once more, by hand and in Double: what the project's page on towers says, with
/// nothing of the engine.
struct ReferenceRule {
  enum Kind: Equatable {
    case sgd, momentum, momentumAlpha, perTensor, adam, adamAlpha, adamAlphaPerTensor, adagrad,
      rmsprop
    case rmspropAlpha, kesten, kestenOnRoot, lion, lionAlpha
    // See `ReferenceRule+Sums.swift`.
    case dog, prodigy, coupled, coupledPerTensor
    // See `ReferenceRule+Moments.swift`.
    case moments(Moments)
    // See `ReferenceRule+Transforms.swift`.
    case clipped, lookingAhead
  }

  let kind: Kind
  /// The raw hyperparameters at first; for `perTensor` that of every tensor.
  let initial: [Double]
  /// β1, β2 and ε, or γ or μ, or β1, β2 and λ, where they are not tuned.
  var constants: [Double] = []

  /// How many hyperparameters there are when the rule tunes `tensors` tensors.
  func hyperparameters(tensors: Int) -> [Double] {
    isPerTensor ? (0..<tensors).flatMap { _ in initial } : initial
  }

  var isPerTensor: Bool {
    kind == .perTensor || kind == .adamAlphaPerTensor || kind == .coupledPerTensor
      || kind == .moments(.lamb)
  }

  /// Whether a step is linear in every hyperparameter.
  var isLinear: Bool { kind == .sgd || kind == .perTensor }

  /// The states of one element before the first step.
  func initialState() -> [Double] {
    switch kind {
    case .sgd, .perTensor: []
    case .momentum, .momentumAlpha, .rmsprop, .rmspropAlpha, .lion, .lionAlpha: [0]
    // c̄, N, and whether c̄ is one yet.
    case .kesten, .kestenOnRoot: [0, 0, 0]
    case .adagrad: [0.1]
    case .adam: [0, pow(10, initial[3])]
    case .adamAlpha, .adamAlphaPerTensor: [0, constants[2]]
    case .dog, .coupled, .coupledPerTensor, .lookingAhead: [0]
    case .clipped: []
    case .prodigy: [0, 0, 0, 0]
    case .moments(let moments): moments == .amsgrad ? [0, 0, 0] : [0, 0]
    }
  }

  /// One step of one element `p` of tensor number `tensor`, the `t`-th from 1, with the bound of its
  /// gradient, and the sums and the shared states of its set of hyperparameters.
  func apply(
    _ p: Double, _ g: Double, bound: Double, _ state: inout [Double], _ h: [Double], tensor: Int,
    t: Int, sums: [Double], shared: [Double]
  ) -> Double {
    switch kind {
    case .sgd: return p - h[0] * g
    case .perTensor: return p - h[tensor] * g
    case .momentum, .momentumAlpha:
      state[0] = (kind == .momentum ? h[1] : constants[0]) * state[0] + g
      return p - h[0] * state[0]
    case .adam:
      return adam(
        p, g, &state, h[0], beta1: unit(h[1]), beta2: unit(h[2]), epsilon: pow(10, h[3]), t)
    case .adamAlpha, .adamAlphaPerTensor:
      return adam(
        p, g, &state, h[isPerTensor ? tensor : 0], beta1: constants[0], beta2: constants[1],
        epsilon: constants[2], t)
    case .adagrad:
      state[0] += g * g
      return p - h[0] * g / (state[0] + 1e-10).squareRoot()
    case .rmsprop, .rmspropAlpha:
      let gamma = kind == .rmsprop ? unit(h[1]) : constants[0]
      state[0] = gamma * state[0] + (1 - gamma) * g * g
      return p - h[0] * h[0] * g / (state[0] + 1e-8).squareRoot()
    case .lion, .lionAlpha:
      let c = constants[0] * state[0] + (1 - constants[0]) * g
      state[0] = constants[1] * state[0] + (1 - constants[1]) * g
      let decay = kind == .lion ? h[1] : constants[2]
      return p - h[0] * ((c > 0 ? 1 : c < 0 ? -1 : 0) + decay * p)
    case .kesten, .kestenOnRoot:
      let c = bound == 0 ? 0 : -g / bound
      let mean = state[2] == 0 ? c : state[0] + 0.1 * (c - state[0])
      if mean * state[0] < 0 { state[1] += 1 }
      state[0] = mean
      if bound != 0 { state[2] = 1 }
      let exponent = h[0] * c / (1 + state[1])
      return p * exp(kind == .kesten ? exponent : exponent / 2)
    case .dog, .prodigy, .coupled, .coupledPerTensor:
      return applyWithSums(p, g, &state, own(h, tensor: tensor), t, sums, shared)
    case .clipped: return clipped(p, g, h, sums)
    case .lookingAhead: return lookingAhead(p, g, &state, h, t)
    case .moments(let moments):
      return apply(moments, p, g, &state, own(h, tensor: tensor), t, sums, shared)
    }
  }

  func unit(_ raw: Double) -> Double { (tanh(raw) + 1) / 2 }

  private func adam(
    _ p: Double, _ g: Double, _ state: inout [Double], _ alpha: Double, beta1: Double,
    beta2: Double, epsilon: Double, _ t: Int
  ) -> Double {
    state[0] = beta1 * state[0] + (1 - beta1) * g
    state[1] = beta2 * state[1] + (1 - beta2) * g * g
    let m = state[0] / (1 - pow(beta1, Double(t)))
    let v = state[1] / (1 - pow(beta2, Double(t)))
    return p - alpha * m / (v.squareRoot() + epsilon)
  }
}
