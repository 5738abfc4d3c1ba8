internal import Collectives

/// What training and evaluation will need of a device's memory, before any of it is taken, and how a step runs there.
package struct MemoryEstimate {
  /// The number of bytes in all.
  package let byteCount: Int
  /// The number of bytes of the largest piece.
  package let largestByteCount: Int
  /// How a step is launched; nil on the CPU backend, which has no launches.
  package let launches: LaunchCount?
  /// The number of instructions of a step.
  package let instructionCount: Int

  /// How batches are shared.
  package struct Sharing {
    /// As in `Trainer`; nil: a shard for each rank.
    package var shards: Int?
    package var synchronizesBatchNorm: Bool
    package var ranks: Int

    /// - Parameters:
    ///   - shards: default: one for each rank.
    ///   - synchronizesBatchNorm: as in `Trainer`; default: false.
    ///   - ranks: default: 1.
    package init(shards: Int? = nil, synchronizesBatchNorm: Bool = false, ranks: Int = 1) {
      (self.shards, self.synchronizesBatchNorm) = (shards, synchronizesBatchNorm)
      self.ranks = ranks
    }
  }

  /// Goes through a step and an evaluation without a device.
  ///
  /// - Parameters:
  ///   - data: what is trained on.
  ///   - testData: the data sets that are evaluated.
  ///   - sharing: of several ranks, the need of one with the most shards is told; default: there is one rank and shard.
  /// - Throws: `InputError`, as `Trainer` does.
  package init(
    _ model: some Module, loss: Loss, sampleShape: Shape? = nil, optimizer: some Optimizer,
    firstStep: Double? = nil,
    average: WeightAverage? = nil, on device: Device,
    data: Dataset, testData: [Dataset], batchSize: Int, sharing: Sharing = Sharing()
  ) throws {
    let backend = MeasuringBackend(device.backend)
    var measured = Device(
      name: device.name, backend: backend, residentLimit: device.residentLimit)
    measured.fuses = device.fuses
    let trainer = try Trainer(
      model, loss: loss, sampleShape: sampleShape, optimizer: optimizer, firstStep: firstStep,
      average: average,
      plannedSteps: 1,
      on: measured, shards: sharing.shards, synchronizesBatchNorm: sharing.synchronizesBatchNorm,
      collective: RehearsedRank(size: sharing.ranks))
    try trainer.train(on: data, batchSize: batchSize, steps: 1)
    let programs = backend.programs.indices.filter { backend.runCounts[$0] > 0 }
    instructionCount = programs.reduce(0) {
      $0 + backend.runCounts[$1] * backend.programs[$1].instructions.count
    }
    launches = (device.backend as? OpenCLBackend).map { own in
      let counts = programs.map {
        own.launchCount(of: backend.programs[$0], alternatives: backend.alternatives[$0])
      }
      // Only a step that is one program can be replayed.
      return counts.count == 1
        ? counts[0]
        : LaunchCount(
          launches: zip(programs, counts).reduce(0) {
            $0 + backend.runCounts[$1.0] * $1.1.launches
          }, replays: 1)
    }
    for data in testData { _ = try trainer.evaluate(on: data) }
    byteCount = backend.byteCount
    largestByteCount = backend.largestByteCount
  }
}

extension Device {
  /// The bytes of memory that there are.
  package var memorySize: Int { backend.memorySize }
  /// The bytes of the largest piece that can be had.
  package var largestPiece: Int { min(backend.largestArray, backend.memorySize) }
}

/// The last of several ranks, which has the most shards, without the others: messages are done as soon as they begin,
/// and bring nothing.
private final class RehearsedRank: Collective {
  let size: Int
  var rank: Int { size - 1 }
  let sentByteCount = 0
  let patience: Duration? = nil

  init(size: Int) { self.size = size }

  private final class Done: Message {
    func isDone() -> Bool { true }
  }

  func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int) -> any Message { Done() }

  func receive(
    into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int
  ) -> any Message { Done() }
}
