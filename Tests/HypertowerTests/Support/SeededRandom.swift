import Hypertower

/// Random numbers that are the same in every run of a test.
struct SeededRandom: RandomNumberGenerator {
  private let philox: Philox
  private var counter: UInt32 = 0

  init(_ seed: UInt64) { philox = Philox(key: seed) }

  mutating func next() -> UInt64 {
    let block = philox.block(counter)
    counter += 1
    return UInt64(block[0]) << 32 | UInt64(block[1])
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -2...2) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  /// Multiples of `step` in ±`bound`: numbers with bits to spare, so that nearby ones are exact.
  mutating func grid(_ count: Int, step: Float, bound: Float) -> [Float] {
    let steps = Int(bound / step)
    return (0..<count).map { _ in Float(Int.random(in: -steps...steps, using: &self)) * step }
  }

  mutating func tensor(_ shape: Shape, in range: ClosedRange<Float> = -2...2) -> Tensor {
    Tensor(floats(shape.elementCount, in: range), shape: shape)
  }
}
