internal import Collectives

/// Steps in shards.
extension Trainer {
  /// Trains as `train` does, batch by batch in shards.
  ///
  /// - Parameter interval: after how many steps a report is due.
  func trainInShards(
    _ data: DeviceDataset, _ order: BatchOrder, steps count: Int, interval: Int,
    _ report: (([StepRecord]) throws -> Void)?
  ) throws {
    let steps = try preparedShards(for: data, order)
    let batches = order.batches
    // The device counts samples in int32.
    guard (position!.batch + count) / batches + 1 <= Int(Int32.max) / order.sampleCount else {
      throw InputError(
        .usage,
        "\(count) steps are too many: in shards, a run goes over at most \(Int32.max) samples")
    }
    var unread = 0
    for _ in 0..<count where ending == nil {
      let number = position!.batch
      let (epoch, place) = number.quotientAndRemainder(dividingBy: batches)
      let start = place * order.stride
      let batch = ShardedSteps.Batch(
        number: number, size: Swift.min(order.stride, order.sampleCount - start), epoch: epoch,
        start: start)
      ending = try steps.step(batch, of: data, order, step: stepCount)
      guard ending == nil else { break }
      stepCount += 1
      position!.batch += 1
      position!.epoch = epoch
      unread += 1
      if unread == interval {
        try readRecords(unread, report)
        unread = 0
      }
    }
    if unread > 0 { try readRecords(unread, report) }
  }

  /// Lets all ranks end before the step that they would take next, unless they have ended.
  ///
  /// One rank calls this, or several, while the others train on: these find the reason in `ending`, and their `train`
  /// returns. Where there is one rank, nothing happens.
  public func endAllRanks(_ reason: RankEnding) throws {
    guard let sharding, sharding.collective.size > 1, ending == nil else { return }
    ending = try (shardedSteps ?? ShardedSteps(self, sharding)).end(reason)
  }

  private func preparedShards(for data: DeviceDataset, _ order: BatchOrder) throws -> ShardedSteps {
    if let shardedSteps { return shardedSteps }
    guard let sharding else { fatalError("trainInShards: there are no shards") }
    try checkAgreement(sharding, data.dataset, order)
    let steps = try ShardedSteps(self, sharding)
    shardedSteps = steps
    return steps
  }

  /// Checks that all ranks are about to do the same.
  private func checkAgreement(
    _ sharding: Sharding, _ data: Dataset, _ order: BatchOrder
  ) throws {
    guard sharding.collective.size > 1 else { return }
    let weights = try device.backend.read(0..<state.arena.count, of: state.arena).doubles
    let facts: [(name: String, number: UInt64)] = [
      ("the number of shards", UInt64(sharding.count)),
      ("the statistics of batch normalization", sharding.isSynchronized ? 1 : 0),
      ("the precision of the device", UInt64(device.backend.realSize)),
      ("the number of samples", UInt64(data.count)),
      ("the number of features", UInt64(data.featureCount)),
      ("the batch size", UInt64(order.stride)), ("the seed", seed),
      ("the order of the samples", order.permutation == nil ? 0 : 1),
      ("the number of steps taken", UInt64(stepCount)),
      ("the place in the data", UInt64(position?.batch ?? 0)),
      ("the tower", Self.hash(try tower.description.utf8.map(UInt64.init))),
      ("the weights", Self.hash(weights.map(\.bitPattern))),
    ]
    if let other = try sharding.collective.difference(in: facts.map(\.number)) {
      throw InputError(
        .usage,
        "rank \(other.rank) differs from rank 0 in \(facts[other.place].name): start all ranks with the same command, "
          + "program, and files")
    }
  }

  private static func hash(_ numbers: [UInt64]) -> UInt64 {
    numbers.reduce(0xcbf2_9ce4_8422_2325) { hash, number in
      let mix = (hash ^ number) &* 0x0000_0100_0000_01b3
      return mix ^ (mix >> 29)
    }
  }
}
