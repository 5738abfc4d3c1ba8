/// What checkpoints and snapshots keep.
extension TrainingState {
  // MARK: Checkpoints

  func write(_ contents: CheckpointContents) throws {
    revision += 1
    for write in contents.writes {
      try backend.write(write.values, to: write.array, at: write.offset)
    }
  }

  /// - Parameter limitsNext: whether the next step is limited, as the first is.
  func setCounters(step: Int, batch: Int, seed: UInt64, limitsNext: Bool) throws {
    var counts = [Int32](repeating: 0, count: TowerLayout.Counter.count)
    counts[TowerLayout.Counter.step] = Int32(step)
    counts[TowerLayout.Counter.batch] = Int32(batch)
    counts[TowerLayout.Counter.seed] = Int32(truncatingIfNeeded: seed)
    counts[TowerLayout.Counter.seed + 1] = Int32(truncatingIfNeeded: seed >> 32)
    counts[TowerLayout.Counter.limit] = limitsNext ? 1 : 0
    try backend.write(.int32(counts), to: counters, at: 0)
  }

  /// Whether the next step is limited.
  var limitsNext: Bool {
    get throws {
      let limit = TowerLayout.Counter.limit
      return try backend.read(limit..<limit + 1, of: counters).doubles[0] != 0
    }
  }

  // MARK: Snapshots

  private var moving: [any DeviceArray] {
    [arena, counters] + gradients + groups.flatMap(\.moving)
      + [modelStates, average].compactMap { $0 }
  }

  /// A copy of all that training moves.
  func snapshot() throws -> [HostArray] {
    try moving.map { try backend.read(0..<$0.count, of: $0) }
  }

  func restore(_ snapshot: [HostArray]) throws {
    revision += 1
    for (array, values) in zip(moving, snapshot) { try backend.write(values, to: array, at: 0) }
  }
}
