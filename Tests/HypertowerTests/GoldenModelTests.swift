import FoundationEssentials
import Hypertower
import Testing

/// The reference trajectories of `GoldenModels`: convolution, batch normalization, recurrence and attention
/// under towers, from PyTorch in float32 and float64.
@Suite(.serialized) struct GoldenModelTests {
  /// How far a run may be from its reference, where rounding alone moves that as far as `own`.
  private static func tolerance(_ own: Double, isDouble: Bool) -> Double {
    isDouble ? 1e-9 : Swift.max(1e-4, 10 * own)
  }

  @Test func allAreThere() {
    if !GoldenModel.isElsewhere { #expect(GoldenModel.names.count == 10) }
  }

  /// In float32, the number of steps after which rounding parts a run from its reference: the argument of a relu
  /// comes nearer to 0 than rounding, and what follows grows tenfold in two steps. All steps count where cases of
  /// another folder are asked for.
  private static let partingSteps = ["residual-momentum-sgd": 30]

  @Test(arguments: GoldenModel.names, TestBackend.native)
  func followsTheReference(name: String, backend: TestBackend) throws {
    // What differs from `cpu64` is the precision alone.
    if backend.name == TestBackend.cpu.name && !isStressed && !GoldenModel.isElsewhere {
      return
    }
    let own = try GoldenModel.named(name)
    let (reference, other) =
      backend.isDouble ? (own.float64, own.float32) : (own.float32, own.float64)
    func limit(_ value: Double, _ otherValue: Double) -> Double {
      Self.tolerance((value - otherValue).magnitude, isDouble: backend.isDouble)
    }
    let data = try own.data()
    let trainer = try Trainer(
      try own.network(), loss: .crossEntropy, sampleShape: own.sampleShape,
      optimizer: try Tower(parsing: own.notation), on: backend.device())
    try trainer.load("\(GoldenModel.folder)/\(own.initialWeights)")
    let parting =
      backend.isDouble || GoldenModel.isElsewhere ? nil : Self.partingSteps[own.name]
    var compared = 0
    try trainer.train(
      on: data.train, batchSize: own.batch, steps: parting ?? own.steps, shuffled: false
    ) {
      for record in $0 {
        let expected = reference.losses[record.step]
        let most = limit(expected, other.losses[record.step])
        #expect(
          (record.loss - expected).magnitude <= most,
          "loss of step \(record.step): \(record.loss), not \(expected)")
        guard let levels = reference.hyperparametersAfterStep["\(record.step)"] else { continue }
        let others = try #require(other.hyperparametersAfterStep["\(record.step)"])
        for (number, own) in record.rawHyperparameters.enumerated() {
          for (key, value) in own {
            let expected = try #require(levels[number][key])
            let scale = Swift.max(expected.magnitude, 1e-30)
            let most = limit(expected / scale, (others[number][key] ?? .nan) / scale)
            #expect(
              (value - expected).magnitude / scale <= most,
              "\(key) after step \(record.step): \(value), not \(expected)")
            compared += 1
          }
        }
      }
    }
    #expect(compared > 0)
    guard parting == nil else { return }
    let loss = try trainer.loss(on: data.evaluation)
    let expected = reference.evaluationLossOfFirstTestBatch
    #expect(
      (loss - expected).magnitude <= limit(expected, other.evaluationLossOfFirstTestBatch),
      "evaluation: \(loss), not \(expected)")
    let weights = try trainer.weights()
    for (key, values) in reference.runningStatistics {
      let entry = try #require(weights[key], "\(key) is missing")
      for (place, (value, expected)) in zip(entry.doubles(), values).enumerated() {
        let most = limit(expected, try #require(other.runningStatistics[key])[place])
        #expect(
          (value - expected).magnitude <= most,
          "\(key)[\(place)]: \(value), not \(expected)")
      }
    }
  }
}
