import Collectives
import Testing

@testable import Hypertower

/// What a network between ranks costs, against the formula of Docs/Clusters.md.
@Suite("Links between ranks") struct LinkTests {
  private static let ranks = 3
  private static let samples = Dataset(
    count: 300, featureCount: 784,
    features: .floats((0..<300 * 784).map { Float($0 % 251) / 251 }),
    targets: .classes((0..<300).map { Int32($0 % 10) }, classCount: 10))

  /// The least time of a step, in seconds, since others may use the machine; default: of a dense network and as many
  /// samples as there are ranks.
  private static func stepTime(
    over link: Link?, ranks: Int = ranks, batchSize: Int = ranks,
    _ makeModel: @escaping @Sendable () -> any Module = { DenseNetwork(widths: [784, 256, 10]) }
  ) throws -> Double {
    try LocalRank.run(ranks, over: link) { rank in
      func leastTime(_ model: some Module) throws -> Double {
        let trainer = try Trainer(
          model, loss: .crossEntropy, sampleShape: [784], optimizer: SGD(0.01) / Adam(0.01),
          on: TestBackend.openCL[0].device(), seed: 1, collective: rank)
        try trainer.train(on: samples, batchSize: batchSize, steps: 2)
        return try (0..<15).map { _ in
          let start = ContinuousClock.now
          try trainer.train(on: samples, batchSize: batchSize, steps: 1)
          return (ContinuousClock.now - start).seconds
        }.min()!
      }
      return try leastTime(makeModel())
    }.max()!
  }

  /// G/β + max(G/β, N · (λ + b/β)), in seconds.
  private static func exchangeTime(over link: Link) -> Double {
    let share = 4 * (784 * 256 + 256 + 256 * 10 + 10)
    // A quarter of a rank's part, and at least 64 KiB.
    let block = Swift.max(share / (4 * ranks), 1 << 16)
    let hop = link.latency.seconds + Double(block) / link.bytesPerSecond
    let sending = Double(share) / link.bytesPerSecond
    return sending + Swift.max(sending, Double(ranks) * hop)
  }

  @Test(
    "A step takes as much longer as the network's formula says",
    arguments: [Duration.microseconds(100), .milliseconds(1), .milliseconds(10)], [1.0, 10.0])
  func followsTheFormula(latency: Duration, gigabits: Double) throws {
    let link = Link(latency: latency, bytesPerSecond: gigabits * 1e9 / 8)
    var (alone, time) = (Double.infinity, Double.infinity)
    for _ in 0..<10 {
      alone = Swift.min(alone, try Self.stepTime(over: nil))
      time = Swift.min(time, try Self.stepTime(over: link))
      let expected = alone + Self.exchangeTime(over: link)
      if abs(time / expected - 1) <= 0.15 {
        print(
          "\(latency), \(gigabits) Gbit/s: \(time * 1e3) ms, by the formula \(expected * 1e3) ms, of which the step "
            + "alone takes \(alone * 1e3) ms")
        return
      }
    }
    Issue.record("\(time) s, of which \(alone) s without a network")
  }

  @Test("What is complete travels while the rest of the gradient is computed")
  func overlaps() throws {
    // The last layer has most of the parameters, the first ones have most of the work.
    let share = 4 * 10 * 24 * 24 * 16
    func stepTime(over link: Link?) throws -> Double {
      try Self.stepTime(over: link, ranks: 2, batchSize: 300) {
        Sequential(
          Unflatten([1, 28, 28]), Conv2D(1, 16, size: 3), Activation.relu,
          Conv2D(16, 16, size: 3), Activation.relu, Flatten(), Linear(24 * 24 * 16, 10))
      }
    }
    var ratios: [Double] = []
    for _ in 0..<6 {
      let alone = try stepTime(over: nil)
      // The exchange takes about a third of the step.
      let link = Link(latency: .zero, bytesPerSecond: 3 * Double(share) / alone)
      let exchange = Double(share + 2 * (1 << 16)) / link.bytesPerSecond
      let time = try stepTime(over: link)
      ratios.append((time - alone) / exchange)
      if ratios.last! < 0.5 {
        print(
          "\(time * 1e3) ms, of which \(alone * 1e3) ms without a network that takes \(exchange * 1e3) ms"
        )
        return
      }
    }
    Issue.record("the part of the exchange that is waited for: \(ratios)")
  }
}
