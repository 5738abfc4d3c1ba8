/// The program of a shard's gradient, in parts, after each of which some of its share is complete.
final class ShardProgram {
  /// What sends the shards, where the data set is not on the device.
  let stream: BatchStream?
  let parts: [(executable: any Executable, completed: [Range<Int>])]
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
    var arrays = program.arrays
    for (number, buffer) in divided[0].buffers.enumerated()
    where !buffer.isTemporary && arrays[number] == nil {
      arrays[number] = try backend.allocate(buffer.type, count: buffer.count)
    }
    let alternatives = (0..<memory.places).map { place in
      arrays.map { (array: (any DeviceArray)?) -> (any DeviceArray)? in
        if array === memory.shares[0] { return memory.shares[place] }
        if array === memory.counters[0] { return memory.counters[place] }
        return array
      }
    }
    parts = try zip(divided, division.completed).map { part, completed in
      (try backend.prepare(part, alternatives: alternatives), completed)
    }
  }

  /// Starts to compute the shares at the first places, and to copy each into its memory, part by part.
  ///
  /// - Returns: the transfers of each share.
  func run(_ shares: [UnsafeMutableRawBufferPointer]) throws -> [ShardTransfers] {
    // One launch may compute several shares, if nothing is to be copied in between.
    if parts.count == 1 { try backend.run(parts[0].executable, from: 0, count: shares.count) }
    return try shares.enumerated().map { place, elements in
      let transfers = ShardTransfers()
      for part in parts {
        if parts.count > 1 { try backend.run(part.executable, from: place, count: 1) }
        for range in part.completed {
          let size = backend.realSize
          let target = UnsafeMutableRawBufferPointer(
            rebasing: elements[range.lowerBound * size..<range.upperBound * size])
          transfers.add(
            try backend.receive(range, of: memory.shares[place], into: target), of: range)
        }
      }
      return transfers
    }
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
