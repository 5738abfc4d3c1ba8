import Collectives
import Glibc
import Testing

@testable import Hypertower

/// What a network between ranks costs, against the formula of Docs/Clusters.md, where nothing else runs: `make ranks
/// ARGS=links`.
@Suite("Links between ranks", .enabled(if: getenv("HYPERTOWER_LINKS") != nil))
struct LinkTests {
  private static let ranks = 3
  private static let samples = Dataset(
    count: 30, featureCount: 784,
    features: .floats((0..<30 * 784).map { Float($0 % 251) / 251 }),
    targets: .classes((0..<30).map { Int32($0 % 10) }, classCount: 10))

  /// The least time of a step, in seconds, since others may use the machine.
  private static func stepTime(
    over link: Link?, ranks: Int = ranks
  ) throws -> Double {
    try LocalRank.run(ranks, over: link) { rank in
      let trainer = try Trainer(
        DenseNetwork(widths: [784, 256, 10]), loss: .crossEntropy,
        optimizer: SGD(0.01) / Adam(0.01),
        on: TestBackend.openCL[0].device(), seed: 1, collective: rank)
      try trainer.train(on: samples, batchSize: ranks, steps: 2)
      return try (0..<15).map { _ in
        let start = ContinuousClock.now
        try trainer.train(on: samples, batchSize: ranks, steps: 1)
        return (ContinuousClock.now - start).seconds
      }.min()!
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
    "A step takes as long as the network's formula says",
    arguments: [Duration.microseconds(100), .milliseconds(1), .milliseconds(10)], [1.0, 10.0])
  func followsTheFormula(latency: Duration, gigabits: Double) throws {
    let link = Link(latency: latency, bytesPerSecond: gigabits * 1e9 / 8)
    // With a row for each rank: what one computes, and with it what all do to exchange without a network.
    var (own, alone, time) = (Double.infinity, Double.infinity, Double.infinity)
    for _ in 0..<5 {
      own = Swift.min(own, try Self.stepTime(over: nil, ranks: 1))
      alone = Swift.min(alone, try Self.stepTime(over: nil))
      time = Swift.min(time, try Self.stepTime(over: link))
    }
    let exchange = Self.exchangeTime(over: link)
    let (least, most) = (Swift.max(alone, own + exchange), alone + exchange)
    print(
      "\(latency), \(gigabits) Gbit/s: \(time * 1e3) ms, by the formula \(least * 1e3) to \(most * 1e3) ms; without a "
        + "network \(alone * 1e3) ms, and \(own * 1e3) ms without an exchange")
    #expect(time >= 0.85 * least && time <= 1.15 * most)
  }
}
