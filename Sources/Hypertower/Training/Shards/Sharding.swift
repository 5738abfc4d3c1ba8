package import Collectives

/// How batches are divided into shards, and among ranks.
///
/// A shard is a run of a batch's rows. Its loss, its gradient and what it makes of the model's states are computed by
/// itself, as those of a batch of its own would be, with random numbers of its own. Each counts by its share of the
/// batch's samples; they are added in the order of the shards, and the tower moves once, along the sum. So a step
/// depends on how many shards there are, but not on who computes which.
package struct Sharding {
  /// The number of shards of a batch.
  package let count: Int
  package let collective: any Collective
  /// Whether statistics over samples, as those of batch normalization, are taken over the batch, and not over the shard.
  let isSynchronized: Bool

  /// - Parameters:
  ///   - count: default: the number of ranks.
  ///   - collective: default: one rank.
  ///   - isSynchronized: whether statistics are those of the batch; default: false.
  /// - Returns: nil for one shard, which is a batch as it is.
  /// - Throws: `InputError(.usage)` if ranks would have nothing to do.
  init?(
    _ count: Int?, over collective: (any Collective)?, isSynchronized: Bool = false
  ) throws {
    let collective = collective ?? SingleRank()
    let count = count ?? collective.size
    guard count >= 1 else {
      throw InputError(.usage, "\(count) shards are too few: a batch has at least one")
    }
    guard count >= collective.size else {
      throw InputError(
        .usage,
        "\(count) \(count == 1 ? "shard is" : "shards are") too few for \(collective.size) ranks: give each rank at "
          + "least one, or start fewer ranks")
    }
    guard count > 1 else { return nil }
    (self.count, self.collective, self.isSynchronized) = (count, collective, isSynchronized)
  }

  /// The rows of a shard of a batch: each has as many, or the first ones one more. Where there are fewer rows than
  /// shards, the last ones have none.
  package func rows(of shard: Int, batch: Int) -> Range<Int> {
    Self.rows(of: shard, among: count, batch: batch)
  }

  static func rows(of shard: Int, among count: Int, batch: Int) -> Range<Int> {
    let (size, longer) = batch.quotientAndRemainder(dividingBy: count)
    let start = shard * size + Swift.min(shard, longer)
    return start..<start + size + (shard < longer ? 1 : 0)
  }

  /// What a shard's random numbers are drawn from; those of the first are the ones of a batch that is not divided.
  static func seed(of shard: Int, _ seed: UInt64) -> UInt64 {
    // The golden ratio in 64 bits, as in Weyl sequences: no two shards come near each other.
    seed &+ UInt64(shard) &* 0x9E37_79B9_7F4A_7C15
  }
}

/// Why all ranks of a run end before its last step.
public enum RankEnding: Sendable, Equatable {
  /// A rank has no more to do, as when the run has stopped early.
  case finished
  /// A rank was interrupted.
  case interrupted
  /// A rank has found that the run has diverged.
  case diverged

  /// What a rank that asks for the end adds to a sum of all ranks.
  var note: Double {
    switch self {
    case .finished: 1
    case .interrupted: Double(1 << 20)
    case .diverged: Double(1 << 40)
    }
  }

  /// - Parameter note: the sum of all ranks; 0: none has asked.
  init?(note: Double) {
    if note == 0 { return nil }
    let all: [Self] = [.diverged, .interrupted]
    self = all.first { note >= $0.note } ?? .finished
  }
}
