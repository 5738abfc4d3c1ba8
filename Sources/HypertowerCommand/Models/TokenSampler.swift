import Glibc
import Hypertower

/// Draws tokens from a model's logits.
struct TokenSampler {
  /// What logits are divided by: less makes likely tokens likelier; at 0, only the likeliest is left.
  let temperature: Double
  /// How many of the likeliest tokens may be drawn; nil: all.
  let most: Int?
  private let random: Philox
  private var drawn: UInt32 = 0

  init(temperature: Double, most: Int?, seed: UInt64) {
    self.temperature = temperature
    self.most = most
    random = Philox(key: seed)
  }

  mutating func next(_ logits: [Double]) -> Int32 {
    let ranked = logits.enumerated().sorted {
      $0.element > $1.element || $0.element == $1.element && $0.offset < $1.offset
    }
    let candidates = ranked.prefix(temperature == 0 ? 1 : most ?? ranked.count)
    let greatest = candidates[0].element
    let weights = candidates.map { exp(($0.element - greatest) / max(temperature, 1e-300)) }
    let words = random.block(drawn)
    drawn &+= 1
    let uniform = Double(UInt64(words[0]) << 21 ^ UInt64(words[1] >> 11)) * 0x1p-53
    var rest = uniform * weights.reduce(0, +)
    for (candidate, weight) in zip(candidates, weights) {
      rest -= weight
      if rest < 0 { return Int32(candidate.offset) }
    }
    return Int32(candidates[candidates.count - 1].offset)
  }
}
