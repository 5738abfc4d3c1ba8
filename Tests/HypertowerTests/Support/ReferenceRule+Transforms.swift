/// Rules with transforms around them, by hand.
extension ReferenceRule {
  /// `clip_global_norm(c) | sgd(α) | weight_decay(λ)` with `h` = c, α, λ.
  func clipped(_ p: Double, _ g: Double, _ h: [Double], _ sums: [Double]) -> Double {
    let norm = sums[0].squareRoot()
    return p - h[1] * ((norm > h[0] ? g * h[0] / norm : g) + h[2] * p)
  }

  /// `l2(λ) | sgd(α) | lookahead(2, slow_rate=s)` with `h` = λ, α, s, and the way from the slow weights as its state.
  func lookingAhead(
    _ p: Double, _ g: Double, _ state: inout [Double], _ h: [Double], _ t: Int
  ) -> Double {
    let step = -h[1] * (g + h[0] * p)
    state[0] += step
    guard t % 2 == 0 else { return p + step }
    let slow = p + step - state[0]
    let next = slow + h[2] * state[0]
    state[0] = 0
    return next
  }
}
