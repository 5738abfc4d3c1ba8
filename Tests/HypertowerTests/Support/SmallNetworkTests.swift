@testable import Hypertower

/// Tests that train a dense network so small that every number of a step is looked at, on 24 random samples of three
/// classes.
protocol SmallNetworkTests {
  static var widths: [Int] { get }
  static var data: Dataset { get }
}

extension SmallNetworkTests {
  static func samples(seed: UInt64) -> Dataset {
    var random = SeededRandom(seed)
    return Dataset(
      count: 24, featureCount: 6, features: .floats(random.floats(24 * 6, in: -1...1)),
      targets: .classes(
        (0..<24).map { _ in Int32.random(in: 0..<3, using: &random) }, classCount: 3))
  }

  func trainer(
    _ notation: String, firstStep: Double? = nil, average: WeightAverage? = nil,
    plannedSteps: Int? = nil, on device: Device
  ) throws -> Trainer {
    try Trainer(
      DenseNetwork(widths: Self.widths), loss: .negativeLogLikelihood,
      optimizer: try Tower(parsing: notation), firstStep: firstStep, average: average,
      plannedSteps: plannedSteps, on: device, seed: 5)
  }

  @discardableResult
  func step(_ trainer: Trainer, _ count: Int) throws -> [StepRecord] {
    var records: [StepRecord] = []
    try trainer.train(on: Self.data, batchSize: 8, steps: count, shuffled: false) { records += $0 }
    return records
  }
}
