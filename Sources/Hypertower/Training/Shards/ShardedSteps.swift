internal import Collectives

/// Takes steps in shards: forwards and backwards for each of this rank's shards, the exchange with the other ranks on
/// the host, and the tower.
final class ShardedSteps {
  private let sharding: Sharding
  private let trainer: Unowned
  private let state: TrainingState
  private let backend: any Backend
  private let memory: ShardMemory
  private let sum: OrderedSum
  /// Where shards wait for one another within a step, what ranks agree by that they begin it.
  private let beginning: OrderedSum?
  /// The sums in the middle of a step, by the parts that follow them.
  private var exchanges: [Int: ShardExchange] = [:]
  /// The tower on the sum, for even and, where gradients change places, for odd steps.
  private let adjustment: any Executable
  private(set) var programs: [ProgramKey: ShardProgram] = [:]
  /// The sum on its way to the device.
  private var sent: [any Transfer] = []

  /// The trainer, which owns this object.
  private struct Unowned {
    unowned let trainer: Trainer
  }

  struct ProgramKey: Hashable {
    let rows: Int
    let batch: Int
    let batchSize: Int
    let isShuffled: Bool
  }

  init(_ trainer: Trainer, _ sharding: Sharding) throws {
    self.trainer = Unowned(trainer: trainer)
    self.sharding = sharding
    state = trainer.state
    backend = trainer.device.backend
    let own = OrderedSum.shares(
      of: sharding.collective.rank, ranks: sharding.collective.size, shareCount: sharding.count)
    memory = try ShardMemory(state, own: own, sharding, on: backend)
    sum = OrderedSum(
      count: memory.shareSize, elementSize: backend.realSize, shareCount: sharding.count,
      over: sharding.collective)
    beginning =
      sharding.isSynchronized && sharding.collective.size > 1
      ? OrderedSum(
        count: 0, elementSize: backend.realSize, shareCount: sharding.count,
        over: sharding.collective) : nil
    var program = BatchProgram(inputs: state.arena, fuses: trainer.device.fuses, on: backend)
    let (arena, gradient, loss) = (
      program.x, program.bind(state.gradients[0]), program.bind(state.loss)
    )
    try state.appendAdjustment(to: &program, gradient: gradient, arena: arena, loss: loss)
    adjustment = try backend.prepare(
      program.program, alternatives: state.alternatives(to: program.arrays))
  }

  deinit { for transfer in sent { try? transfer.wait() } }

  /// Where a batch lies.
  struct Batch {
    /// Its number, counted over epochs.
    let number: Int
    /// The number of its samples.
    let size: Int
    let epoch: Int
    /// The place of its first sample in the epoch's order.
    let start: Int
  }

  /// Takes a step.
  ///
  /// - Returns: why it was not taken, since a rank asked for the end; nil: it was.
  func step(
    _ batch: Batch, of data: DeviceDataset, _ order: BatchOrder, step: Int
  ) throws -> RankEnding? {
    let present = Swift.min(sharding.count, batch.size)
    let own = sum.shares.clamped(to: 0..<present)
    var streamed = order
    streamed.shards = ShardOrder(count: sharding.count, own: sum.shares)
    if let beginning, let ending = RankEnding(note: try beginning.sum(present: 1).note) {
      return ending
    }
    var arriving: [ShardTransfers] = []
    var waiting: [ShardExchange.Participant] = []
    var first = own.lowerBound
    while first < own.upperBound {
      // As many as are alike and have memory on the device.
      let rows = sharding.rows(of: first, batch: batch.size).count
      var end = first + 1
      while end < own.upperBound, end - first < memory.places,
        sharding.rows(of: end, batch: batch.size).count == rows
      { end += 1 }
      let program = try program(rows: rows, of: batch.size, data, order)
      let base = program.hasSums ? first - sum.shares.lowerBound : 0
      let number = batch.number * sum.shares.count + first - sum.shares.lowerBound
      if let stream = program.stream {
        end = first + (try stream.bring(number, atMost: end - first, streamed))
      }
      for shard in first..<end {
        let start = batch.start + sharding.rows(of: shard, batch: batch.size).lowerBound
        let place =
          program.stream.map { (number + shard - first) % $0.slots }
          ?? batch.epoch * data.dataset.count + start
        try memory.setCounters(
          place: base + shard - first, sample: place, orderSeed: order.seed, step: step,
          drawSeed: Sharding.seed(of: shard, order.seed))
      }
      if program.hasSums {
        for shard in first..<end {
          let place = base + shard - first
          try program.run(0, place: place)
          waiting.append(.init(shard: shard, program: program, place: place))
        }
      } else {
        arriving += try program.run((first..<end).map(sum.elements(of:)))
      }
      first = end
    }
    if sharding.isSynchronized {
      // A rank without samples helps the others to add up.
      let rows = sharding.rows(of: own.isEmpty ? 0 : own.lowerBound, batch: batch.size).count
      arriving += try finish(
        waiting, of: try program(rows: rows, of: batch.size, data, order), present: present)
    }
    // The sum before lies where this one will.
    try waitForSent()
    // Before a part of all its shares is there, a rank can do nothing but wait.
    try arriving.last?.waitForNext()
    let (elements, note) = try sum.sum(present: present) { range in
      try arriving.allSatisfy { try $0.haveArrived(range) }
    }
    if let ending = RankEnding(note: note) { return ending }
    try memory.write(elements, step: step, &sent)
    state.revision += 1
    try backend.run(adjustment, from: step % 2, count: 1)
    return nil
  }

  /// Computes the rest of shares side by side, from one sum of all shards to the next.
  ///
  /// - Parameters:
  ///   - shards: those of this rank, of which the first part is under way.
  ///   - program: of one of them or, where there is none, of another rank's.
  private func finish(
    _ shards: [ShardExchange.Participant], of program: ShardProgram, present: Int
  ) throws -> [ShardTransfers] {
    guard program.hasSums else { return [] }
    let transfers = shards.map { _ in ShardTransfers() }
    for (number, part) in program.parts.enumerated() {
      if let sum = part.sum {
        let exchange =
          exchanges[number]
          ?? ShardExchange(count: sum.count, elementSize: backend.realSize, sharding)
        exchanges[number] = exchange
        try exchange.run(before: number, shards, present: present)
      }
      for (own, transfers) in zip(shards, transfers) {
        if number > 0 { try own.program.run(number, place: own.place) }
        try own.program.receive(number, place: own.place, sum.elements(of: own.shard), transfers)
      }
    }
    return transfers
  }

  private func waitForSent() throws {
    for transfer in sent { try transfer.wait() }
    sent = []
  }

  /// Tells all ranks, each of which is about to take a step or calls this, that nobody takes it.
  ///
  /// - Returns: the reason that all ranks see, which another may have given.
  func end(_ ending: RankEnding) throws -> RankEnding? {
    try waitForSent()
    return RankEnding(note: try (beginning ?? sum).sum(present: 1, note: ending.note).note)
  }

  /// The gradient of `rows` rows of a batch.
  private func program(
    rows: Int, of batch: Int, _ data: DeviceDataset, _ order: BatchOrder
  ) throws -> ShardProgram {
    let key = ProgramKey(
      rows: rows, batch: batch, batchSize: order.stride, isShuffled: order.permutation != nil)
    if let known = programs[key] { return known }
    let trainer = trainer.trainer
    let weight = Double(rows) / Double(batch)
    let shards = (0..<sharding.count).map { sharding.rows(of: $0, batch: batch).count }
    let step = TracedStep(
      trainer, data, batch: rows, weight: weight, shards: sharding.isSynchronized ? shards : nil)
    // On the device a batch may begin at any row; of what is sent, the largest shard has a slot.
    let stride =
      data.resident == nil ? (order.stride + sharding.count - 1) / sharding.count : 1
    var program = try BatchProgram(
      data, columns: step.trace.columns.requested, batch: rows, stride: stride,
      counter: (memory.counters[0], ShardMemory.Counter.sample), permutation: order.permutation,
      fuses: trainer.device.fuses, on: backend)
    let arena = program.bind(state.arena)
    let share = program.bind(memory.shares[0])
    let counters = program.bind(memory.counters[0])
    var outputs: [(tensor: Tensor, span: Span)] = [
      (step.loss, share.advanced(by: memory.lossPlace))
    ]
    outputs += step.gradients.map {
      ($0.tensor, share.advanced(by: state.offsets[$0.parameter]))
    }
    outputs += step.trace.stateUpdates.map { update in
      (
        update.next * .constant(weight),
        share.advanced(by: memory.statesPlace + state.stateOffset(update.state))
      )
    }
    var leaves = step.leaves(in: &program, arena: arena, state)
    if let place = step.trace.shardPlace {
      leaves.append((place, program.bind(memory.positions[0])))
    }
    try program.append(
      step.trace.output.recorder, leaves: leaves,
      outputs: outputs, counters: counters.advanced(by: ShardMemory.Counter.draws))
    memory.updatedStates = Set(step.trace.stateUpdates.map(\.state))
    let compiled = try ShardProgram(
      program,
      results: outputs.map { $0.span.offset..<$0.span.offset + $0.tensor.shape.elementCount },
      memory, on: backend)
    programs[key] = compiled
    return compiled
  }
}
