import Testing

@testable import Hypertower

/// Batches that the host sends ahead are those of data on the device, bit for bit.
@Suite(.serialized) struct BatchStreamTests {
  /// Kinds of data.
  enum Kind: String, CaseIterable, Sendable {
    case bytes
    case floats
    case sparse
    case windows
    case columns

    /// 37 samples, or windows.
    var data: Dataset {
      let count = 37
      let labels = (0..<count).map { Int32($0 * $0 % 3) }
      let bytes = (0..<count * 12).map { UInt8(truncatingIfNeeded: $0 * 89 ^ ($0 / 12) * 31) }
      func data(_ features: Dataset.Features, columns: [Column] = []) -> Dataset {
        Dataset(
          count: count, featureCount: 12, features: features,
          targets: .classes(labels, classCount: 3), columns: columns)
      }
      switch self {
      case .bytes: return data(.bytes(bytes))
      case .floats: return data(.floats(bytes.map { Float($0) / 77 }))
      case .sparse:
        return data(.bytes(bytes.enumerated().map { $0 % 12 < 7 || $0 / 12 % 2 == 0 ? 0 : $1 }))
      case .windows:
        let tokens = (0..<4 * 38 + 2).map { Int32($0 * $0 % 5) }
        return Dataset(
          TokenWindows(tokens, length: 4, start: 1, movesEachEpoch: true), vocabularySize: 5)
      case .columns:
        return data(
          .bytes(bytes),
          columns: [
            Column("weight", .floats(labels.map { Float($0) + 0.3 })),
            Column("number", shape: [2], .integers((0..<Int32(2 * count)).map { $0 % 11 })),
          ])
      }
    }

    func trainer(_ device: Device, seed: UInt64 = 3) throws -> Trainer {
      let tower = Adam(0.01) / SGD(1e-3)
      switch self {
      case .bytes, .floats, .sparse:
        return try Trainer(
          DenseNetwork(widths: [12, 7, 3]), loss: .negativeLogLikelihood, optimizer: tower,
          on: device, seed: seed)
      case .windows:
        return try Trainer(
          Tokens(), loss: .crossEntropy, sampleShape: [4], optimizer: tower, on: device,
          seed: seed)
      case .columns:
        return try Trainer(
          Weighed(), loss: loss, sampleShape: [12], columns: ["number": [2]], optimizer: tower,
          on: device, seed: seed)
      }
    }

    private var loss: Loss {
      Loss("weighed") { outputs, labels, columns in
        let own = Tensor.select(labels.oneHot(3), outputs, 0).sum([1]) * columns["weight"]
        return -own.mean()
      }
    }
  }

  private struct Tokens: Module {
    let embedding = Embedding(5, 6)
    let output = Linear(6, 5)

    func callAsFunction(_ x: Tensor) -> Tensor { output(embedding(x)) }
  }

  private struct Weighed: Module {
    let first = Linear(12, 5)
    let second = Linear(2, 5)
    let output = Linear(5, 3)

    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      output((first(x) + second(context.column("number"))).tanh()).logSoftmax()
    }
  }

  private static func device(_ backend: TestBackend, isStreamed: Bool) throws -> Device {
    Device(name: backend.name, backend: try backend.make(), residentLimit: isStreamed ? 0 : .max)
  }

  /// All that a run shows: losses, weights, evaluations. It stops in mid-epoch, evaluates, and goes on; 37 samples
  /// in batches of 5 make 8 a an epoch, of which the last has 2.
  private static func run(
    _ kind: Kind, _ backend: TestBackend, isStreamed: Bool, shuffled: Bool
  ) throws -> [[UInt64]] {
    let (data, trainer) = (kind.data, try kind.trainer(device(backend, isStreamed: isStreamed)))
    #expect(data.count == 37 && data.isSparse == (kind == .sparse))
    var losses: [Double] = []
    for steps in [3, 1, 19, 27] {
      try trainer.train(on: data, batchSize: 5, steps: steps, shuffled: shuffled) {
        losses += $0.map(\.loss)
      }
      losses.append(try trainer.loss(on: data))
    }
    #expect(Set(losses).count == losses.count)
    return [losses.map(\.bitPattern)] + (try bits(trainer))
  }

  // Of the kinds of devices whose kernels take PoCL longest, one will do.
  @Test(arguments: Kind.allCases, TestBackend.native + TestBackend.otherProfiles.prefix(1))
  func equalsDataOnTheDevice(_ kind: Kind, _ backend: TestBackend) throws {
    // Kernels of other profiles gather in the same way for all kinds.
    guard backend.isNative || kind == .bytes || isStressed else { return }
    let devices = try [true, false].map { try Self.device(backend, isStreamed: $0) }
    #expect(devices.map { $0.keeps(kind.data) } == [false, true])
    // In file order, kinds differ in nothing but what the shuffled ones show, too.
    for shuffled in kind == .bytes || isStressed ? [true, false] : [true] {
      let streamed = try Self.run(kind, backend, isStreamed: true, shuffled: shuffled)
      let resident = try Self.run(kind, backend, isStreamed: false, shuffled: shuffled)
      #expect(streamed == resident, "\(backend.name), shuffled: \(shuffled)")
    }
  }

  @Test(arguments: Kind.allCases, TestBackend.native)
  func resumesInMidEpoch(_ kind: Kind, _ backend: TestBackend) throws {
    let data = kind.data
    func losses(_ trainer: Trainer, _ steps: Int) throws -> [Double] {
      var losses: [Double] = []
      try trainer.train(on: data, batchSize: 5, steps: steps) { losses += $0.map(\.loss) }
      return losses
    }
    let whole = try kind.trainer(Self.device(backend, isStreamed: false))
    _ = try losses(whole, 13)
    let checkpoint = try whole.checkpoint()
    let rest = try losses(whole, 20)
    let resumed = try kind.trainer(Self.device(backend, isStreamed: true))
    // What was prepared for another place is of no use.
    _ = try losses(resumed, 5)
    try resumed.resume(from: checkpoint, on: data)
    #expect(try losses(resumed, 20) == rest)
    try resumed.restart(with: Adam(0.01) / SGD(1e-3), seed: 4)
    let fresh = try kind.trainer(Self.device(backend, isStreamed: false), seed: 4)
    #expect(try losses(resumed, 9) == losses(fresh, 9))
  }

  /// Batches so large that a half of the ring has one.
  @Test func largeBatchesTakeTurns() throws {
    let (count, width) = (6, 9 << 20)
    var bytes = [UInt8](repeating: 0, count: count * width)
    for sample in 0..<count { bytes[sample * width + 1] = UInt8(sample) }
    let data = Dataset(
      count: count, featureCount: width, features: .bytes(bytes),
      targets: .values([Float](repeating: 0, count: count), width: 1))
    let backend = CPUBackend<Float>()
    let stream = try DeviceDataset(data, on: backend, limit: 0).stream([0, 1], stride: 2)
    #expect(stream.slots == 2)
    let order = BatchOrder(sampleCount: count, stride: 2, permutation: nil, seed: 0)
    for number in 0..<5 {
      #expect(try stream.bring(number, atMost: 3, order) == 1)
      let slot = number % 2 * 2 * width
      for row in 0..<2 {
        let start = slot + row * width
        let sample = UInt8(number % 3 * 2 + row)
        #expect(backend.read(start..<start + 3, of: stream.arrays[0]) == .bytes([0, sample, 0]))
      }
    }
  }
}
