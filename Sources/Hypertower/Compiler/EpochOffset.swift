/// Where the windows of an epoch begin: an offset in `0..<limit`, another one for each seed and epoch.
///
/// It is a number of Philox modulo `limit`, the same on every device.
package struct EpochOffset: Sendable, Hashable {
  /// How many offsets there are, ≥ 1.
  package let limit: Int
  /// What tells these random numbers from others that are drawn from the same seed.
  package static let purpose: UInt32 = 0x7769_6E64

  package init(limit: Int) { self.limit = limit }

  /// The offset of epoch `epoch`.
  package func callAsFunction(epoch: Int, seed: UInt64) -> Int {
    let block = Philox(key: seed).block(UInt32(truncatingIfNeeded: epoch), Self.purpose)
    return Int(block[0]) % limit
  }
}
