import OpenCL
import Testing

@testable import Hypertower

/// Products read samples where a sparse data set has them, and get what a copy would give.
@Suite struct BatchInPlaceTests {
  /// Samples of which most numbers are zeros, side by side, as bytes.
  private static func bytes(features: Int, count: Int = 203) -> [UInt8] {
    var random = SeededRandom(31)
    var bytes = [UInt8](repeating: 0, count: count * features)
    var index = 0
    while index < bytes.count {
      if Int.random(in: 0..<4, using: &random) == 0 {
        for i in index..<min(bytes.count, index + 9) {
          bytes[i] = UInt8.random(in: 0...255, using: &random)
        }
      }
      index += Int.random(in: 1...30, using: &random)
    }
    return bytes
  }

  private static func data(_ features: Dataset.Features, count: Int = 203) -> Dataset {
    let size =
      switch features {
      case .bytes(let bytes): bytes.count
      case .floats(let floats): floats.count
      case .windows, .mapped: 0
      }
    return Dataset(
      count: count, featureCount: size / count, features: features,
      targets: .classes((0..<Int32(count)).map { $0 * $0 % 5 }, classCount: 5))
  }

  /// Features, samples, and samples of a batch; the last batch of an epoch is smaller.
  struct Sizes: Sendable {
    let features: Int
    let count: Int
    let batch: Int

    /// Terms in passes, as many as a word has bits, and one more than a block has.
    static let all = [
      Sizes(features: 6, count: 4405, batch: 2100), Sizes(features: 64, count: 205, batch: 40),
      Sizes(features: 257, count: 605, batch: 300),
    ]
  }

  /// The same device with tiles that leave nothing out.
  private static func dense(_ backend: any Backend) throws -> any Backend {
    let backend = backend as! OpenCLBackend
    var profile = backend.profile
    let tile = profile.registerTile
    profile.registerTile = RegisterTile(
      vectors: tile.vectors, rows: tile.rows, unrolledTerms: tile.unrolledTerms,
      asksForNextRows: tile.asksForNextRows, sparse: .init(rows: .max, vectors: 1))
    return try OpenCLBackend(backend.context.device, profile: profile)
  }

  /// On each device, its own tiles and the other ones against a copy, which all tiles make alike.
  @Test(arguments: TestBackend.openCL, Sizes.all)
  func samplesAreReadInPlace(_ device: TestBackend, _ sizes: Sizes) throws {
    let bytes = Self.bytes(features: sizes.features, count: sizes.count)
    func weights(_ values: Dataset.Features, on backend: any Backend) throws -> [[Float]] {
      let trainer = try Trainer(
        DenseNetwork(widths: [sizes.features, 33, 5], activation: .tanh),
        loss: .negativeLogLikelihood, optimizer: Adam(0.01) / Adam(0.01),
        on: Device(name: "", backend: backend), seed: 3)
      let data = Self.data(values, count: sizes.count)
      #expect(data.isSparse)
      try trainer.train(on: data, batchSize: sizes.batch, steps: 7)
      let evaluation = try trainer.evaluate(on: data)
      return try trainer.weights().entries.map { $0.floats() } + [
        [Float(evaluation.loss), Float(evaluation.accuracyPercent!)]
      ]
    }
    let copied = try weights(.bytes(bytes), on: Self.dense(device.make()))
    let others = TestBackend.otherTiles.filter { $0.name.hasPrefix(device.name + " ") }
    for test in [device] + others {
      let isEqual = try weights(.bytes(bytes), on: test.make()) == copied
      #expect(isEqual, "bytes on \(test.name)")
      // Several blocks of terms; how an element is read does not depend on their number.
      guard isStressed || sizes.features == 257 else { continue }
      let floats = bytes.map { Float($0) / 255 }
      let floatsAreEqual = try weights(.floats(floats), on: test.make()) == copied
      #expect(floatsAreEqual, "floats on \(test.name)")
    }
  }

  // MARK: Where it is done

  /// Whether a batch of `data` is copied for what `model` makes of it.
  private func copies(
    _ data: Dataset, batch: Int = 40, fuses: Bool = true, _ profile: DeviceProfile = .cpu,
    _ model: (_ x: Tensor, _ weights: Tensor) -> Tensor
  ) throws -> Bool {
    let backend = CPUBackend<Float>()
    var program = try BatchProgram(
      DeviceDataset(data, on: backend, limit: .max), batch: batch, stride: batch,
      counter: (backend.allocate(.int32, count: 3), 0), permutation: nil, fuses: fuses,
      on: backend)
    let recorder = TapeRecorder()
    func leaf(_ name: String, _ shape: Shape) -> Tensor {
      Tensor(recorder, recorder.leaf(.input(name: name), shape: shape))
    }
    let x = leaf("x", [batch, data.featureCount])
    let weights = leaf("weights", [data.featureCount, 30])
    let result = model(x, weights)
    let spans = [weights, result].map {
      program.bind(backend.allocate(.real, count: $0.shape.elementCount))
    }
    try program.append(
      recorder, leaves: [(x, program.x), (weights, spans[0])], outputs: [(result, spans[1])])
    let works = DeviceWork.all(of: &program.program, profile.suited(to: program.program))
    guard case .gatherBatch(let gather, let numbers) = works[0].kind else {
      Issue.record("there is no gather")
      return true
    }
    let isCopied = gather.sources.contains { $0.to == program.x }
    #expect(isCopied == (numbers == nil))
    // Targets always are.
    #expect(gather.sources.contains { $0.to == program.targets })
    return isCopied
  }

  @Test func batchesForProductsAloneAreNotCopied() throws {
    let data = Self.data(.bytes(Self.bytes(features: 60)))
    #expect(try !copies(data) { $0.matmul($1) })
    #expect(try !copies(data) { $0.transposed().matmul($0.matmul($1).tanh()) })
    #expect(
      try !copies(Self.data(.floats(Self.bytes(features: 60).map { Float($0) }))) {
        $0.matmul($1)
      })
    var narrow = DeviceProfile.cpu
    narrow.registerTile = .narrow
    #expect(try !copies(data, narrow) { $0.matmul($1) })
  }

  @Test func batchesForAnythingElseAreCopied() throws {
    let data = Self.data(.bytes(Self.bytes(features: 60)))
    #expect(try copies(data) { x, _ in x.tanh() })
    #expect(try copies(data) { $0.matmul($1).sum() + $0.sum() })
    #expect(try copies(data) { $1.transposed().matmul($0.transposed()) })
    #expect(try copies(data) { x, _ in x.matmul(x, transposeRight: true) })
    // A matrix of other rows.
    #expect(try copies(data) { $0.reshaped([80, 30]).matmul($1.reshaped([30, 60])) })
    // Too few rows to leave out zeros.
    #expect(try copies(data, batch: 3) { $0.matmul($1) })
    #expect(try copies(data, fuses: false) { $0.matmul($1) })
    #expect(try copies(data, .gpu) { $0.matmul($1) })
    let dense = Self.data(.bytes([UInt8](repeating: 1, count: 203 * 60)))
    #expect(try copies(dense) { $0.matmul($1) })
  }
}
