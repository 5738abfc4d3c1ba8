/// The program of a shard's gradient, in parts: after each, some of its share may be complete, or shards add something
/// up.
final class ShardProgram {
  struct Part {
    /// nil: there is nothing to compute.
    let executable: (any Executable)?
    /// The elements of the share that are complete after it.
    let completed: [Range<Int>]
    /// What all shards add up before it.
    let sum: AllReduce?
  }

  /// What sends the shards, where the data set is not on the device.
  let stream: BatchStream?
  let parts: [Part]
  /// Whether shards wait for one another.
  var hasSums: Bool { parts.contains { $0.sum != nil } }
  /// The array of each buffer, for each place.
  private let arrays: [[(any DeviceArray)?]]
  private let memory: ShardMemory
  private let backend: any Backend

  /// - Parameters:
  ///   - program: computes the share at the first place of `memory`, told by the counters there.
  ///   - results: the elements of the share that it writes.
  init(
    _ program: BatchProgram, results: [Range<Int>], _ memory: ShardMemory,
    on backend: any Backend
  ) throws {
    (stream, self.memory, self.backend) = (program.stream, memory, backend)
    let share = program.arrays.firstIndex { $0 === memory.shares[0] }!
    let division = ShardDivision(program.program, share: share, results: results)
    // What crosses parts is no longer looked at as temporary memory is.
    ProgramValidator.check(program.program, alternatives: [])
    let divided = program.program.divided(before: division.places)
    let sums = program.program.hostPoints.map { place -> AllReduce? in
      guard case .allReduce(let sum) = program.program.instructions[place] else { return nil }
      return sum
    }
    // Shards that wait for one another have memory of their own for all that they compute.
    let own =
      sums.isEmpty
      ? [] : Set(program.program.instructions.flatMap(\.accesses).filter(\.isWrite).map(\.buffer))
    var first = program.arrays
    func allocate(_ number: Int) throws -> any DeviceArray {
      let buffer = divided[0].buffers[number]
      return try backend.allocate(buffer.type, count: buffer.count)
    }
    for (number, buffer) in divided[0].buffers.enumerated()
    where !buffer.isTemporary && first[number] == nil {
      first[number] = try allocate(number)
    }
    let arrays = try (0..<memory.places).map { place in
      try first.enumerated().map { number, array -> (any DeviceArray)? in
        guard place > 0, let array else { return array }
        if array === memory.shares[0] { return memory.shares[place] }
        if array === memory.counters[0] { return memory.counters[place] }
        if array === memory.positions.first { return memory.positions[place] }
        return own.contains(number) ? try allocate(number) : array
      }
    }
    self.arrays = arrays
    parts = try divided.enumerated().map { number, part in
      Part(
        executable: part.instructions.isEmpty
          ? nil : try backend.prepare(part, alternatives: arrays),
        completed: division.completed[number],
        sum: sums.isEmpty || number == 0 ? nil : sums[number - 1])
    }
  }

  /// Starts to compute the shares at the first places, and to copy each into its memory, part by part.
  ///
  /// - Returns: the transfers of each share.
  func run(_ shares: [UnsafeMutableRawBufferPointer]) throws -> [ShardTransfers] {
    // One launch may compute several shares, if nothing is to be copied in between.
    if parts.count == 1 { try backend.run(parts[0].executable!, from: 0, count: shares.count) }
    return try shares.enumerated().map { place, elements in
      let transfers = ShardTransfers()
      for part in parts.indices {
        if parts.count > 1 { try run(part, place: place) }
        try receive(part, place: place, elements, transfers)
      }
      return transfers
    }
  }

  /// Starts to compute a part of the share at a place.
  func run(_ part: Int, place: Int) throws {
    guard let executable = parts[part].executable else { return }
    try backend.run(executable, from: place, count: 1)
  }

  /// Starts to copy what a part completes of the share at a place.
  func receive(
    _ part: Int, place: Int, _ elements: UnsafeMutableRawBufferPointer, _ transfers: ShardTransfers
  ) throws {
    let size = backend.realSize
    for range in parts[part].completed {
      let target = UnsafeMutableRawBufferPointer(
        rebasing: elements[range.lowerBound * size..<range.upperBound * size])
      transfers.add(try backend.receive(range, of: memory.shares[place], into: target), of: range)
    }
  }

  /// Starts to copy out what the shard at a place adds to a sum.
  func receive(
    _ sum: AllReduce, place: Int, into elements: UnsafeMutableRawBufferPointer
  ) throws -> any Transfer {
    try backend.receive(
      sum.values.offset..<sum.values.offset + sum.count,
      of: arrays[place][sum.values.buffer]!, into: elements)
  }

  /// Starts to copy a sum to where the shard at a place reads it.
  func send(
    _ elements: UnsafeRawBufferPointer, of sum: AllReduce, place: Int
  ) throws -> any Transfer {
    try backend.sendReals(elements, to: arrays[place][sum.sum.buffer]!, at: sum.sum.offset)
  }
}

/// Parts of a share on their way out of the device, in the order in which they are done.
final class ShardTransfers {
  private var pending: [(transfer: any Transfer, range: Range<Int>)] = []

  fileprivate func add(_ transfer: any Transfer, of range: Range<Int>) {
    pending.append((transfer, range))
  }

  /// The memory must stay in place until all are over, whatever has happened.
  deinit { for part in pending { try? part.transfer.wait() } }

  /// Waits for the next part; none is left: does nothing.
  func waitForNext() throws {
    guard let next = pending.first else { return }
    try next.transfer.wait()
    pending.removeFirst()
  }

  /// Whether no element of a range is still to come.
  func haveArrived(_ range: Range<Int>) throws -> Bool {
    while let next = pending.first, try next.transfer.isDone() { pending.removeFirst() }
    return !pending.contains { $0.range.overlaps(range) }
  }
}
