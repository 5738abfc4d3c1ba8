/// A counter-based random generator, Philox4x32-10: the same numbers on every device, in any order.
///
/// J. Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011).
package struct Philox: Sendable {
  private let key: (UInt32, UInt32)

  package init(key: UInt64) {
    self.key = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
  }

  /// Four random words for a counter of up to four words.
  package func block(
    _ c0: UInt32, _ c1: UInt32 = 0, _ c2: UInt32 = 0, _ c3: UInt32 = 0
  ) -> SIMD4<UInt32> {
    var counter = (c0, c1, c2, c3)
    var key = key
    for _ in 0..<10 {
      let first = counter.0.multipliedFullWidth(by: 0xD251_1F53)
      let second = counter.2.multipliedFullWidth(by: 0xCD9E_8D57)
      counter = (
        second.high ^ counter.1 ^ key.0, second.low, first.high ^ counter.3 ^ key.1, first.low
      )
      key.0 &+= 0x9E37_79B9
      key.1 &+= 0xBB67_AE85
    }
    return SIMD4(counter.0, counter.1, counter.2, counter.3)
  }
}
