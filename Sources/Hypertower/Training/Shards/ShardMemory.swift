/// What shards leave on the device for the exchange, and what they are told by.
///
/// A share is `[gradient of all parameters, model's states after the step, loss]`.
final class ShardMemory {
  /// The numbers that a shard is told by.
  enum Counter {
    /// The number of its first sample, counted over epochs, or of its slot among those that are sent; then the lower
    /// and the upper half of what the order of samples is drawn from.
    static let sample = 0
    /// From here on as in `TowerLayout.Counter`, for random numbers.
    static let draws = 3
    static let count = draws + TowerLayout.Counter.count
  }

  /// The shares that the device has room for, so that it is told of several before it begins; all of this rank's where
  /// they are computed side by side.
  let places: Int
  let shares: [any DeviceArray]
  let counters: [any DeviceArray]
  /// `[shards]` for each place: 1 for its shard, 0 for others; where they are computed side by side.
  let positions: [any DeviceArray]
  let shareSize: Int
  let statesPlace: Int
  let lossPlace: Int
  /// The numbers of the model's states that a step updates.
  var updatedStates: Set<Int> = []
  private let state: TrainingState
  private let backend: any Backend

  private static let mostPlaces = 4

  /// - Parameters:
  ///   - own: the shards of this rank.
  ///   - sharding: how batches are divided.
  init(
    _ state: TrainingState, own: Range<Int>, _ sharding: Sharding, on backend: any Backend
  ) throws {
    self.state = state
    self.backend = backend
    statesPlace = state.arena.count
    lossPlace = statesPlace + (state.modelStates?.count ?? 0)
    shareSize = lossPlace + 1
    let size = shareSize
    places = sharding.isSynchronized ? own.count : Swift.min(own.count, Self.mostPlaces)
    shares = try (0..<places).map { _ in try backend.allocate(.real, count: size) }
    counters = try (0..<places).map { _ in try backend.allocate(.int32, count: Counter.count) }
    positions = try (sharding.isSynchronized ? Array(own) : []).map { shard in
      let array = try backend.allocate(.real, count: sharding.count)
      try backend.write(
        .float32((0..<sharding.count).map { $0 == shard ? 1 : 0 }), to: array, at: 0)
      return array
    }
  }

  func setCounters(
    place: Int, sample: Int, orderSeed: UInt64, step: Int, drawSeed: UInt64
  ) throws {
    func halves(_ seed: UInt64) -> [Int32] {
      [Int32(truncatingIfNeeded: seed), Int32(truncatingIfNeeded: seed >> 32)]
    }
    var numbers = [Int32](repeating: 0, count: Counter.count)
    numbers[Counter.sample] = Int32(sample)
    numbers.replaceSubrange(Counter.sample + 1..<Counter.sample + 3, with: halves(orderSeed))
    numbers[Counter.draws + TowerLayout.Counter.step] = Int32(step)
    let seedPlace = Counter.draws + TowerLayout.Counter.seed
    numbers.replaceSubrange(seedPlace..<seedPlace + 2, with: halves(drawSeed))
    try backend.write(.int32(numbers), to: counters[place], at: 0)
  }

  /// Starts to copy a sum of shares to where the tower reads it.
  ///
  /// - Parameter transfers: gets the transfers, until whose ends the sum must stay, whatever is thrown.
  func write(
    _ sum: UnsafeRawBufferPointer, step: Int, _ transfers: inout [any Transfer]
  ) throws {
    let size = backend.realSize
    func copy(_ range: Range<Int>, to array: any DeviceArray, at offset: Int) throws {
      transfers.append(
        try backend.sendReals(
          UnsafeRawBufferPointer(rebasing: sum[range.lowerBound * size..<range.upperBound * size]),
          to: array, at: offset))
    }
    try copy(0..<statesPlace, to: state.gradients[step % state.gradients.count], at: 0)
    try copy(lossPlace..<lossPlace + 1, to: state.loss, at: 0)
    for number in updatedStates.sorted() {
      let offset = state.stateOffset(number)
      let start = statesPlace + offset
      try copy(
        start..<start + state.contents.states[number].count, to: state.modelStates!, at: offset)
    }
  }
}
