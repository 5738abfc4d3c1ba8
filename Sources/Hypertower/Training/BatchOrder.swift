/// Which samples a batch has, as `BatchGather` says it, computed on the host.
struct BatchOrder: Sendable, Equatable {
  let sampleCount: Int
  /// The number of samples of a batch, except the last one of an epoch.
  let stride: Int
  /// The order of an epoch's samples; nil: file order.
  let permutation: IndexPermutation?
  /// What the order of shuffled samples is drawn from.
  let seed: UInt64
  /// The shards that are asked for, one after another, instead of whole batches; nil: batches are.
  var shards: ShardOrder?
  /// The number of the first batch that nobody will ask for; nil: there is no end.
  var end: Int?

  /// The number of batches of an epoch.
  var batches: Int { (sampleCount + stride - 1) / stride }

  /// The samples of batch `number`, counted over epochs.
  func samples(of number: Int) -> [Int] {
    let whole = batch(of: number)
    let (epoch, batch) = whole.quotientAndRemainder(dividingBy: batches)
    var positions = batch * stride..<Swift.min((batch + 1) * stride, sampleCount)
    if let shards {
      let shard = shards.own.lowerBound + number - whole * shards.own.count
      let rows = Sharding.rows(of: shard, among: shards.count, batch: positions.count)
      positions = positions.lowerBound + rows.lowerBound..<positions.lowerBound + rows.upperBound
    }
    guard let permutation else { return Array(positions) }
    return positions.map { permutation($0, epoch: epoch, seed: seed) }
  }

  /// How much further the rows of batch `number` begin.
  func offset(of rows: SampleRows, in number: Int) -> Int {
    guard permutation != nil, let offset = rows.epochOffset else { return 0 }
    return offset(epoch: batch(of: number) / batches, seed: seed)
  }

  /// The batch that number `number` is, or is a shard of.
  private func batch(of number: Int) -> Int { shards.map { number / $0.own.count } ?? number }
}

/// Some shards of each batch, one after another: number `n · own.count + i` is shard `own.lowerBound + i` of batch `n`.
struct ShardOrder: Sendable, Equatable {
  /// The number of shards of a batch.
  let count: Int
  let own: Range<Int>
}
