import Testing

@testable import Hypertower

/// Products read samples where a sparse data set has them, and get what a copy would give.
@Suite struct BatchInPlaceTests {
  /// 203 samples of which most numbers are zeros, side by side, as bytes.
  private static func bytes(features: Int) -> [UInt8] {
    var random = SeededRandom(31)
    var bytes = [UInt8](repeating: 0, count: 203 * features)
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

  private static func data(_ features: Dataset.Features) -> Dataset {
    let size =
      switch features {
      case .bytes(let bytes): bytes.count
      case .floats(let floats): floats.count
      }
    return Dataset(
      count: 203, featureCount: size / 203, features: features,
      targets: .classes((0..<203).map { $0 * $0 % 5 }, classCount: 5))
  }

  /// One feature, some, as many as a word has bits, and one more than several blocks of terms.
  @Test(arguments: TestBackend.openCL + TestBackend.otherTiles, [1, 7, 64, 300])
  func samplesAreReadInPlace(_ backend: TestBackend, features: Int) throws {
    let bytes = Self.bytes(features: features)
    func weights(_ values: Dataset.Features, fuses: Bool) throws -> [[Float]] {
      var device = try backend.device()
      device.fuses = fuses
      let trainer = try Trainer(
        DenseNetwork(widths: [features, 33, 5], activation: .tanh),
        loss: .negativeLogLikelihood, optimizer: Adam(0.01) / Adam(0.01), on: device, seed: 3)
      let data = Self.data(values)
      #expect(data.isSparse || data.featureCount < 6)
      // The last batch of an epoch is smaller.
      try trainer.train(on: data, batchSize: 40, steps: 13)
      let evaluation = try trainer.evaluate(on: data)
      return try trainer.weights().entries.map { $0.floats() } + [
        [Float(evaluation.loss), Float(evaluation.accuracyPercent!)]
      ]
    }
    let copied = try weights(.bytes(bytes), fuses: false)
    let isEqual = try weights(.bytes(bytes), fuses: true) == copied
    #expect(isEqual, "bytes")
    let floatsAreEqual = try weights(.floats(bytes.map { Float($0) / 255 }), fuses: true) == copied
    #expect(floatsAreEqual, "floats")
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
