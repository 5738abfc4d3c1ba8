import Collectives
import Testing

@testable import Hypertower

/// Batches in shards, on one rank and on several, which are threads here.
@Suite("Shards") struct ShardTests {
  private static let shards = 5
  private static let batchSize = 9

  /// Two classes of images 6 × 5: what is bright, above or below. 30 samples are three batches of 9 and one of 3,
  /// which has fewer samples than there are shards.
  private static let images: Dataset = {
    var random = SeededRandom(1)
    let labels = (0..<30).map { Int32($0 % 2) }
    let features = labels.flatMap { label in
      (0..<30).map { Float.random(in: 0...1, using: &random) + (($0 < 15) == (label == 0) ? 1 : 0) }
    }
    return Dataset(
      count: 30, featureCount: 30, features: .floats(features),
      targets: .classes(labels, classCount: 2))
  }()

  private enum Model: String, CaseIterable, CustomTestStringConvertible {
    case dense
    case dropout
    case batchNorm
    /// With statistics over the batch.
    case syncBatchNorm
    case recurrent
    /// With a layer of so many parameters that they are sent before the gradient is complete.
    case wide

    var testDescription: String { rawValue }

    var module: any Module {
      switch self {
      case .dense:
        Sequential(Linear(30, 7), Activation.tanh, Linear(7, 2))
      case .dropout:
        Sequential(Linear(30, 7), Dropout(0.4), Linear(7, 2))
      case .batchNorm:
        Sequential(
          Unflatten([1, 6, 5]), Conv2D(1, 3, size: 3), BatchNorm(3), Activation.relu, Flatten(),
          Linear(36, 2))
      case .syncBatchNorm:
        // In the second layer a shard of one sample has no variance of its own.
        Sequential(
          Unflatten([1, 6, 5]), Conv2D(1, 3, size: 3), BatchNorm(3), Activation.relu, Flatten(),
          Linear(36, 8), BatchNorm(8), Activation.tanh, Linear(8, 2))
      case .recurrent:
        Sequential(
          Unflatten([6, 5]), LSTM(5, 4), Flatten(), Linear(24, 2))
      case .wide:
        Sequential(
          Linear(30, 600), Activation.tanh, Linear(600, 30), Activation.tanh, Linear(30, 2))
      }
    }
  }

  private struct Run: Equatable, Sendable {
    let losses: [UInt64]
    let weights: [[UInt64]]
    let tower: String
  }

  private static func trainer(
    _ module: any Module, _ tower: String, firstStep: Double? = 1e-3, on device: Device,
    seed: UInt64 = 5, shards: Int? = shards, synchronizes: Bool = false,
    _ collective: (any Collective)? = nil
  ) throws -> Trainer {
    func make(_ module: some Module) throws -> Trainer {
      try Trainer(
        module, loss: .crossEntropy, sampleShape: [30],
        optimizer: Tower(parsing: tower), firstStep: firstStep, on: device, seed: seed,
        shards: shards, synchronizesBatchNorm: synchronizes, collective: collective)
    }
    return try make(module)
  }

  private static func run(
    _ model: Model, _ tower: String, firstStep: Double? = 1e-3, on backend: TestBackend, ranks: Int,
    keepingData: Bool = true
  ) throws -> [Run] {
    try LocalRank.run(ranks) { rank in
      let device = try backend.device()
      let trainer = try trainer(
        model.module, tower, firstStep: firstStep,
        on: keepingData ? device : device.keepingNoData, synchronizes: model == .syncBatchNorm, rank
      )
      var losses: [UInt64] = []
      try trainer.train(on: images, batchSize: batchSize, steps: 10, reportEvery: 4) {
        losses += $0.map(\.loss.bitPattern)
      }
      for program in trainer.shardedSteps!.programs.values {
        // Each of the two layers has a sum on the way forwards and one back.
        #expect(program.parts.count == (model == .wide ? 2 : model == .syncBatchNorm ? 5 : 1))
      }
      return Run(losses: losses, weights: try bits(trainer), tower: try trainer.tower.description)
    }
  }

  @Test(
    "Steps are the same to the last bit on any number of ranks",
    arguments: Model.allCases, ["adam() / drift()", "sgd(0.1, momentum=0.5) / adam() / sgd(1e-5)"])
  private func ranks(model: Model, tower: String) throws {
    try checkRanks(model, tower, firstStep: 1e-3)
  }

  @Test(
    "So are those of rules that sum over parameters or take tensors for matrices",
    arguments: [
      ("weights: lamb(0.1) / sgd(0.01); else: clip_norm(0.1) | adam(0.1)", 1e-3),
      ("weights: muon(0.05) / adam(); else: adafactor(0.1) / sgd(0.1)", nil),
    ] as [(String, Double?)])
  func ranks(tower: String, firstStep: Double?) throws {
    try checkRanks(.dense, tower, firstStep: firstStep)
  }

  private func checkRanks(_ model: Model, _ tower: String, firstStep: Double?) throws {
    for backend in TestBackend.native {
      let alone = try Self.run(model, tower, firstStep: firstStep, on: backend, ranks: 1)[0]
      #expect(alone.losses.count == 10)
      // Threads of several ranks wait for each other on an OpenCL device's cores.
      for ranks in backend.name.hasPrefix("opencl") ? [3] : [2, 3, 5] {
        for run in try Self.run(model, tower, firstStep: firstStep, on: backend, ranks: ranks) {
          #expect(run == alone, "\(ranks) ranks on \(backend.name)")
        }
      }
    }
  }

  @Test(
    "Each rank is sent its own shards of data that no device keeps", arguments: TestBackend.native,
    [Model.dropout, .syncBatchNorm])
  private func streams(backend: TestBackend, model: Model) throws {
    let kept = try Self.run(model, "adam() / drift()", on: backend, ranks: 1)[0]
    for ranks in [1, 3] {
      for run in try Self.run(
        model, "adam() / drift()", on: backend, ranks: ranks, keepingData: false)
      { #expect(run == kept, "\(ranks) ranks") }
    }
  }

  @Test(
    "A batch in shards is the batch, up to rounding", arguments: [Model.dense, .syncBatchNorm])
  private func sameBatch(model: Model) throws {
    for backend in TestBackend.native {
      /// The losses of some steps, and what evaluations then find, which running statistics decide.
      func losses(
        _ shards: Int, synchronizes: Bool = true, steps: Int = 12
      ) throws -> [Double] {
        let trainer = try Self.trainer(
          model.module, "sgd(0.5) / sgd(0.01)", on: backend.device(), shards: shards,
          synchronizes: synchronizes)
        var losses: [Double] = []
        try trainer.train(on: Self.images, batchSize: Self.batchSize, steps: steps) {
          losses += $0.map(\.loss)
        }
        return losses + [try trainer.evaluate(on: Self.images).loss]
      }
      let whole = try losses(1)
      for shards in [2, 5, 9] {
        assertClose(
          try losses(shards), whole, .relative(backend.isDouble ? 1e-11 : 1e-3),
          "\(shards) shards on \(backend.name)")
      }
      let apart = try losses(2, synchronizes: false, steps: 3)
      #expect((model == .dense) == (abs(apart[1] / whole[1] - 1) < 1e-5))
    }
  }

  @Test("A checkpoint goes on with any number of ranks")
  func resumes() throws {
    let whole = try Self.run(.batchNorm, "adam() / drift()", on: .cpu, ranks: 1)[0]
    let file = try LocalRank.run(3) { rank in
      let trainer = try Self.trainer(Model.batchNorm.module, "adam() / drift()", on: .cpu, rank)
      try trainer.train(on: Self.images, batchSize: Self.batchSize, steps: 6)
      return try trainer.checkpoint()
    }[1]
    for ranks in [1, 2, 5] {
      let resumed = try LocalRank.run(ranks) { rank in
        let trainer = try Self.trainer(Model.batchNorm.module, "adam() / drift()", on: .cpu, rank)
        try trainer.resume(from: file, on: Self.images)
        try trainer.train(on: Self.images, batchSize: Self.batchSize, steps: 4)
        return try bits(trainer)
      }
      for weights in resumed { #expect(weights == whole.weights) }
    }
  }

  @Test("A tower sends nothing but the gradient, the loss and a number, twice at most")
  func sentBytes() throws {
    func sent(_ tower: String) throws -> [Int] {
      try LocalRank.run(3) { rank in
        let trainer = try Self.trainer(Model.dense.module, tower, on: .cpu, rank)
        // The first step compares settings, too.
        try trainer.train(on: Self.images, batchSize: Self.batchSize, steps: 1)
        let before = rank.sentByteCount
        try trainer.train(on: Self.images, batchSize: Self.batchSize, steps: 10)
        return rank.sentByteCount - before
      }
    }
    let layout = ParameterLayout([
      ("w1", [30, 7]), ("b1", [7]), ("w2", [7, 2]), ("b2", [2]),
    ])
    let size = (layout.size + 2) * MemoryLayout<Float>.size
    #expect(try sent("sgd(0.1)") == [20 * size, 10 * size, 10 * size])
    let tall = Array(repeating: "adam()", count: 20).joined(separator: " / ")
    #expect(try sent(tall) == sent("sgd(0.1)"))
  }

  @Test("Shards draw random numbers of their own")
  func randomNumbers() throws {
    // Both shards have the same samples: only by other random numbers may they differ.
    let half = [Float](repeating: 1, count: 30)
    let data = Dataset(
      count: 2, featureCount: 30, features: .floats(half + half),
      targets: .classes([0, 0], classCount: 2))
    func loss(_ shards: Int, _ batch: Int) throws -> Double {
      let trainer = try Self.trainer(Model.dropout.module, "sgd(0)", on: .cpu64, shards: shards)
      var loss = 0.0
      try trainer.train(on: data, batchSize: batch, steps: 1, shuffled: false) { loss = $0[0].loss }
      return loss
    }
    #expect(try loss(2, 2) != loss(1, 1))
  }

  @Test(
    "All ranks end before the same step when one asks for it", arguments: [1, 3],
    [Model.dense, .syncBatchNorm])
  private func ending(steps: Int, model: Model) throws {
    let ends = try LocalRank.run(3) { rank in
      let trainer = try Self.trainer(
        model.module, "adam()", on: .cpu, synchronizes: model == .syncBatchNorm, rank)
      let own = rank.rank == 1 ? steps : 50
      try trainer.train(on: Self.images, batchSize: Self.batchSize, steps: own)
      try trainer.endAllRanks(.interrupted)
      return ("\(trainer.stepCount) \(trainer.ending == .interrupted)", try bits(trainer))
    }
    for end in ends { #expect(end == ends[0]) }
    #expect(ends[0].0 == "\(steps) true")
  }

  @Test("Of several reasons to end, all ranks see the same")
  func reasons() throws {
    for (given, seen) in [
      ([.finished, .interrupted, .finished], .interrupted),
      ([.interrupted, .interrupted, .diverged], .diverged),
      ([.finished, .finished, .finished], .finished),
    ] as [([RankEnding], RankEnding)] {
      let ends = try LocalRank.run(3) { rank in
        let trainer = try Self.trainer(Model.dense.module, "adam()", on: .cpu, rank)
        try trainer.train(on: Self.images, batchSize: Self.batchSize, steps: 2)
        let start = try trainer.snapshot()
        try trainer.endAllRanks(given[rank.rank])
        let ending = trainer.ending
        // Whoever goes back goes on.
        try trainer.restore(start)
        try trainer.train(on: Self.images, batchSize: Self.batchSize, steps: 2)
        return "\(ending == seen) \(trainer.stepCount)"
      }
      #expect(ends == ["true 4", "true 4", "true 4"])
    }
  }

  @Test("What ranks differ in is told on all of them")
  func disagreement() throws {
    for (seed, batchSize, what) in [
      (6, 9, "the seed"), (5, 8, "the batch size"),
    ] as [(UInt64, Int, String)] {
      let messages = try LocalRank.run(3) { rank in
        let isOther = rank.rank == 2
        let trainer = try Self.trainer(
          Model.dense.module, "adam()", on: .cpu, seed: isOther ? seed : 5, rank)
        do {
          try trainer.train(on: Self.images, batchSize: isOther ? batchSize : 9, steps: 1)
          return ""
        } catch let error as InputError {
          return error.message
        }
      }
      for message in messages {
        #expect(message.hasPrefix("rank 2 differs from rank 0 in \(what): "), "\(message)")
      }
    }
  }

  @Test("A rank without a shard is refused")
  func tooFewShards() throws {
    let error = #expect(throws: InputError.self) {
      try LocalRank.run(3) { rank in
        _ = try Self.trainer(Model.dense.module, "adam()", on: .cpu, shards: 2, rank)
      }
    }
    #expect(
      error?.message
        == "2 shards are too few for 3 ranks: give each rank at least one, or start fewer ranks")
  }

  @Test("Each row of a batch is in one shard, in order")
  func rows() throws {
    let sharding = try #require(try Sharding(5, over: nil))
    for batch in 1...23 {
      let all = (0..<5).map { sharding.rows(of: $0, batch: batch) }
      #expect(all.flatMap { Array($0) } == Array(0..<batch))
      // Those that have none come last.
      #expect(all.map(\.count) == all.map(\.count).sorted(by: >))
    }
  }
}
