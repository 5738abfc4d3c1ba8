import OpenCL
import Testing

@testable import Hypertower

/// What training needs is known before it is taken.
@Suite(.serialized) struct MemoryEstimateTests {
  private let data = Dataset(
    count: 400, featureCount: 50,
    features: .bytes((0..<20_000).map { UInt8(truncatingIfNeeded: $0 * 7) }),
    targets: .classes((0..<400).map { Int32($0 % 5) }, classCount: 5))

  /// Temporary buffers are shared in other ways on a device, and matrices packed: within a quarter.
  @Test(arguments: [[50, 5], [50, 300, 5], [50, 64, 128, 32, 5]], [20, 200])
  func agreesWithWhatIsTaken(widths: [Int], batchSize: Int) throws {
    try checkEstimate(Adam() / Adam(), widths: widths, batchSize: batchSize)
  }

  @Test(arguments: [
    "adafactor() / adam()", "weights: muon() / sgd(); else: adafactor()",
    "weights: muon(); else: adam()",
  ])
  func rulesForMatrices(notation: String) throws {
    try checkEstimate(Tower(parsing: notation), widths: [50, 300, 5], batchSize: 20)
  }

  private func checkEstimate(_ tower: Tower, widths: [Int], batchSize: Int) throws {
    for device in try OpenCLDevice.all() {
      let backend = try OpenCLBackend(device)
      let own = Device(name: "opencl", backend: backend)
      let network = DenseNetwork(widths: widths)
      let estimate = try MemoryEstimate(
        network, loss: .negativeLogLikelihood, optimizer: tower, on: own, data: data,
        testData: [data], batchSize: batchSize)
      #expect(backend.allocatedBytes == 0)
      let trainer = try Trainer(
        network, loss: .negativeLogLikelihood, optimizer: tower, on: own)
      try trainer.train(on: data, batchSize: batchSize, steps: 1)
      _ = try trainer.evaluate(on: data)
      let taken = Double(backend.allocatedBytes)
      let ratio = Double(estimate.byteCount) / taken
      #expect((0.75...1.25).contains(ratio), "\(widths), \(batchSize): \(ratio) of \(taken)")
    }
  }

  @Test("So is what shards need, and those that wait for one another", arguments: [false, true])
  func ofShards(synchronizes: Bool) throws {
    for device in try OpenCLDevice.all() {
      let backend = try OpenCLBackend(device)
      let own = Device(name: "opencl", backend: backend)
      let network = Sequential(
        Linear(50, 400), BatchNorm(400), Activation.tanh, Linear(400, 400), Activation.tanh,
        Linear(400, 5))
      func estimate(_ sharing: MemoryEstimate.Sharing) throws -> MemoryEstimate {
        try MemoryEstimate(
          network, loss: .crossEntropy, optimizer: Adam(), on: own, data: data, testData: [],
          batchSize: 200, sharing: sharing)
      }
      let sharing = MemoryEstimate.Sharing(shards: 8, synchronizesBatchNorm: synchronizes)
      let needed = try estimate(sharing)
      #expect(backend.allocatedBytes == 0)
      let trainer = try Trainer(
        network, loss: .crossEntropy, optimizer: Adam(), on: own, shards: 8,
        synchronizesBatchNorm: synchronizes)
      try trainer.train(on: data, batchSize: 200, steps: 1)
      let ratio = Double(needed.byteCount) / Double(backend.allocatedBytes)
      #expect((0.75...1.25).contains(ratio), "\(ratio) of \(backend.allocatedBytes)")
      // Side by side, each of eight shards has memory of its own, and of two ranks each has four.
      var ofTwo = sharing
      ofTwo.ranks = 2
      let half = try estimate(ofTwo)
      #expect(half.byteCount < needed.byteCount || !synchronizes)
      #expect(needed.launches!.launches > half.launches!.launches)
      #expect(needed.launches!.replays == 1)
    }
  }

  @Test func growsWithTheBatch() throws {
    func bytes(_ batchSize: Int) throws -> MemoryEstimate {
      try MemoryEstimate(
        DenseNetwork(widths: [50, 1000, 5]), loss: .negativeLogLikelihood, optimizer: SGD(),
        on: .cpu, data: data, testData: [data], batchSize: batchSize)
    }
    let (small, large) = (try bytes(100), try bytes(300))
    // A row of the batch takes its pixels, label and activations, 1,000 of them at least.
    #expect(large.byteCount - small.byteCount > 200 * 1000 * 4)
    // The evaluation goes over all 400 samples at once.
    #expect(large.largestByteCount == 400 * 1000 * 4)
  }
}
