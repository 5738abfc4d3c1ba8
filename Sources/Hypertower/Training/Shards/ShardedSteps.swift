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
    memory = try ShardMemory(state, shards: own.count, on: backend)
    sum = OrderedSum(
      count: memory.shareSize, elementSize: backend.realSize, shareCount: sharding.count,
      over: sharding.collective)
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
    var arriving: [ShardTransfers] = []
    var first = own.lowerBound
    while first < own.upperBound {
      // As many as are alike and have memory on the device.
      let rows = sharding.rows(of: first, batch: batch.size).count
      var end = first + 1
      while end < own.upperBound, end - first < memory.places,
        sharding.rows(of: end, batch: batch.size).count == rows
      { end += 1 }
      let program = try program(rows: rows, of: batch.size, data, order)
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
          place: shard - first, sample: place, orderSeed: order.seed, step: step,
          drawSeed: Sharding.seed(of: shard, order.seed))
      }
      arriving += try program.run((first..<end).map(sum.elements(of:)))
      first = end
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

  private func waitForSent() throws {
    for transfer in sent { try transfer.wait() }
    sent = []
  }

  /// Tells all ranks, each of which is about to take a step or calls this, that nobody takes it.
  ///
  /// - Returns: the reason that all ranks see, which another may have given.
  func end(_ ending: RankEnding) throws -> RankEnding? {
    try waitForSent()
    return RankEnding(note: try sum.sum(present: 1, note: ending.note).note)
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
    let step = TracedStep(trainer, data, batch: rows, weight: weight)
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
    try program.append(
      step.trace.output.recorder, leaves: step.leaves(in: &program, arena: arena, state),
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
