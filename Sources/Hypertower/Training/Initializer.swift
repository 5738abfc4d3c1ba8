/// How the first values of a parameter are drawn.
public enum Initializer: Sendable, Hashable {
  /// One number everywhere.
  case constant(Float)
  /// Uniform in ±1/√`fanIn`, the number of inputs that each output sums over.
  ///
  /// The bound is that of K. He et al., "Delving Deep into Rectifiers" (2015), for a leaky slope
  /// of √5, which PyTorch's linear layers use.
  case kaimingUniform(fanIn: Int)

  /// The values for `count` elements, which depend on `seed` and `stream` alone.
  package func values(count: Int, seed: UInt64, stream: UInt32) -> [Float] {
    switch self {
    case .constant(let value):
      return [Float](repeating: value, count: count)
    case .kaimingUniform(let fanIn):
      let bound = 1 / Float(fanIn).squareRoot()
      let random = Philox(key: seed)
      return (0..<count).map { index in
        // 24 random bits: every multiple of 2⁻²⁴ in [0, 1) with equal chance.
        let bits = random.block(UInt32(truncatingIfNeeded: index), stream)[0] >> 8
        return (Float(bits) * 0x1p-24 * 2 - 1) * bound
      }
    }
  }
}
