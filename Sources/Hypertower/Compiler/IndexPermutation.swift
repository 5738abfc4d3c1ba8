/// A pseudo-random order of `0..<count`, a different one for each seed and epoch, computed index by
/// index.
///
/// A Feistel network of Philox-like rounds permutes a power of two that is at least `count`;
/// indices outside are permuted again until they fall inside (cycle walking). Nothing is stored,
/// so an order costs no memory, needs no transfer and can be resumed anywhere.
///
/// J. Black and P. Rogaway, "Ciphers with Arbitrary Finite Domains" (CT-RSA 2002).
package struct IndexPermutation: Sendable, Hashable {
  package static let rounds = 6

  package let count: Int
  /// The widths of an index's lower and upper part, in bits.
  package let lowerBits: Int
  package let upperBits: Int

  package init(count: Int) {
    self.count = count
    let bits = Swift.max(2, count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount)
    lowerBits = bits / 2
    upperBits = bits - bits / 2
  }

  /// Where position `position` of epoch `epoch` reads from.
  package func callAsFunction(_ position: Int, epoch: Int, seed: UInt64) -> Int {
    var index = UInt32(position)
    repeat {
      index = permute(index, epoch: UInt32(truncatingIfNeeded: epoch), seed: seed)
    } while index >= UInt32(count)
    return Int(index)
  }

  /// Each round adds, modulo 2^width, a hash of one half to the other half.
  private func permute(_ index: UInt32, epoch: UInt32, seed: UInt64) -> UInt32 {
    let (lowerMask, upperMask) = ((UInt32(1) << lowerBits) - 1, (UInt32(1) << upperBits) - 1)
    var (lower, upper) = (index & lowerMask, index >> lowerBits)
    for round in 0..<UInt32(Self.rounds) {
      if round % 2 == 0 {
        upper = (upper &+ hash(lower, round, epoch, seed)) & upperMask
      } else {
        lower = (lower &+ hash(upper, round, epoch, seed)) & lowerMask
      }
    }
    return upper << lowerBits | lower
  }

  /// A mix of multiplications and shifts in which every bit of the input reaches every bit.
  private func hash(
    _ half: UInt32, _ round: UInt32, _ epoch: UInt32, _ seed: UInt64
  ) -> UInt32 {
    var x = half &* 0x9E37_79B9 &+ round &* 0x85EB_CA6B &+ epoch &* 0xC2B2_AE35
    x ^= UInt32(truncatingIfNeeded: seed)
    x = (x ^ x >> 16) &* 0x7FEB_352D
    x ^= UInt32(truncatingIfNeeded: seed >> 32)
    x = (x ^ x >> 15) &* 0x846C_A68B
    return x ^ x >> 16
  }
}
