/// What checkpoints and snapshots keep.
extension TrainingState {
  // MARK: Checkpoints

  /// What a step starts from, beside weights and counters, by name.
  private var arraysBesideWeights: [(name: String, array: any DeviceArray)] {
    let prefix = CheckpointKey.tensorPrefix
    var arrays: [(name: String, array: any DeviceArray)] = [("\(prefix)tower", values)]
    for (number, array) in gradients.enumerated() {
      arrays.append(("\(prefix)gradients.\(number)", array))
    }
    for (number, array) in states.enumerated() {
      arrays.append(("\(prefix)states.\(number)", array))
    }
    if let previousWeights { arrays.append(("\(prefix)previous_weights", previousWeights)) }
    if let derivatives { arrays.append(("\(prefix)derivatives", derivatives)) }
    // The weights' own names then hold the average.
    if average != nil { arrays.append(("\(prefix)weights", arena)) }
    return arrays
  }

  func tensorsBesideWeights() throws -> [(name: String, values: HostArray)] {
    try arraysBesideWeights.map { name, array in
      (name, try backend.read(0..<array.count, of: array))
    }
  }

  /// - Parameter tensors: in the order of `tensorsBesideWeights`.
  func setTensorsBesideWeights(_ tensors: [HostArray]) throws {
    revision += 1
    for ((_, array), values) in zip(arraysBesideWeights, tensors) {
      try backend.write(values, to: array, at: 0)
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
    [arena, values, counters] + gradients + states
      + [modelStates, average, derivatives, previousWeights].compactMap { $0 }
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
