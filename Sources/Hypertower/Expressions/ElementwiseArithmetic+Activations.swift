/// Functions that networks apply to every element, and the logarithm that some of them need.
extension ElementwiseArithmetic {
  /// x · Φ(x) with the normal distribution's Φ: x/2 · (1 + erf(x/√2)).
  ///
  /// D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units" (2016).
  public func gelu() -> Self {
    0.5 * self * (1 + (self * .constant(0.5.squareRoot())).erf())
  }

  /// An approximation to `gelu`, as GPT-2 has it: x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).
  public func geluTanh() -> Self {
    let cubic = self + 0.044715 * self * self * self
    return 0.5 * self * (1 + (.constant((2 / Double.pi).squareRoot()) * cubic).tanh())
  }

  /// x · sigmoid(x), which is called swish as well.
  public func silu() -> Self { self * sigmoid() }

  /// log(1 + e^x), accurate for all x.
  public func softplus() -> Self { relu() + softplusAboveReLU() }

  /// log(1 + e^−|x|): what is between max(x, 0) and softplus. No exponential overflows.
  func softplusAboveReLU() -> Self {
    // Of the two sides, 0 belongs to the left one: with relu's derivative of 0 there, the sum's is 1/2.
    Self.select(isGreater(than: 0), -self, self).exp().logOnePlus()
  }

  /// x where it is greater than 0, else α · (e^x − 1).
  ///
  /// - Parameter alpha: default: 1.
  public func elu(alpha: Double = 1) -> Self {
    // Of numbers above 0, no exponential is taken: it could overflow, and 0 · ∞ is NaN.
    relu() + .constant(alpha) * (atMost(0).exp() - 1)
  }

  /// x where it is greater than 0, else `slope` · x.
  ///
  /// - Parameter slope: default: 0.01.
  public func leakyReLU(slope: Double = 0.01) -> Self {
    .select(isGreater(than: 0), self, .constant(slope) * self)
  }

  /// x within ±1; its derivative at ±1 is 0.
  public func hardTanh() -> Self { clamped(from: -1, to: 1) }

  /// log(1 + x), accurate near 0 as well.
  public func logOnePlus() -> Self {
    // log(1 + x) = 2 artanh(s), s = x / (x + 2). For |x| < 0.1 the terms up to s¹³ leave out less than 10⁻¹⁷
    // of the result.
    let s = self / (self + 2)
    let square = s * s
    var series = Self.constant(0)
    for power in stride(from: 11, through: 3, by: -2) {
      series = square * (.constant(1 / Double(power)) + series)
    }
    return .select(magnitude.isLess(than: 0.1), 2 * s * (1 + series), (1 + self).log())
  }
}
