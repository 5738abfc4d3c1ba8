import RealModule

/// How the first values of a parameter are drawn.
public enum Initializer: Sendable, Hashable {
  /// One number everywhere.
  case constant(Float)
  /// Uniform in ±1/√`fanIn`, the number of inputs that each output sums over.
  ///
  /// The bound is that of K. He et al., "Delving Deep into Rectifiers" (2015), for a leaky slope
  /// of √5, which PyTorch's linear layers use.
  case kaimingUniform(fanIn: Int)
  /// Uniform in ±`bound`.
  case uniform(bound: Float)
  /// Normal with mean 0.
  case normal(standardDeviation: Float)

  /// The values for `count` elements, which depend on `seed` and `stream` alone.
  package func values(count: Int, seed: UInt64, stream: UInt32) -> [Float] {
    func draw(_ number: (SIMD4<UInt32>) -> Float) -> [Float] {
      let random = Philox(key: seed)
      return (0..<count).map { number(random.block(UInt32(truncatingIfNeeded: $0), stream)) }
    }
    func uniform(_ bound: Float) -> [Float] {
      // 24 random bits: every multiple of 2⁻²⁴ in [0, 1) with equal chance.
      draw { (Float($0[0] >> 8) * 0x1p-24 * 2 - 1) * bound }
    }
    switch self {
    case .constant(let value):
      return [Float](repeating: value, count: count)
    case .kaimingUniform(let fanIn):
      return uniform(1 / Float(fanIn).squareRoot())
    case .uniform(let bound):
      return uniform(bound)
    case .normal(let standardDeviation):
      // G. Box, M. Muller (1958): √(−2 log u) · cos(2π v) of uniform u in (0, 1] and v in [0, 1).
      return draw { words in
        let (u, v) = ((Double(words[0]) + 1) * 0x1p-32, Double(words[1]) * 0x1p-32)
        let standard = (-2 * Double.log(u)).squareRoot() * .cos(2 * .pi * v)
        return Float(standard) * standardDeviation
      }
    }
  }
}
