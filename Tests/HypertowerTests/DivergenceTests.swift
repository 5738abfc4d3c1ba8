import Datasets
import Testing

@testable import Hypertower

/// Numbers that are not finite are noticed in the step in which they come up, and told where they began.
@Suite struct DivergenceTests {
  private func divergence(_ notation: String, on backend: TestBackend) throws -> DivergenceError? {
    let trainer = try Trainer(
      DenseNetwork(widths: [784, 128, 10]), loss: .negativeLogLikelihood,
      optimizer: try Tower(parsing: notation), on: backend.device())
    try trainer.load(GoldenTests.initialWeights)
    let error = #expect(throws: DivergenceError.self) {
      try trainer.train(
        on: GoldenTests.mnist.get().train, batchSize: 300, steps: 20, shuffled: false)
    }
    return error
  }

  @Test func divergenceNamesStepAndLevel() throws {
    for backend in TestBackend.native where !backend.isDouble {
      let overflow = try divergence("adam(1e38)", on: backend)
      #expect(overflow?.step == 1 && overflow?.level == 0, "\(backend.name)")
      let saturated = try divergence("adam() / sgd(1e6)", on: backend)
      #expect(saturated?.step == 2 && saturated?.level == 1, "\(backend.name)")
    }
  }

  private static let regression = Dataset(
    count: 100, featureCount: 12, features: TrainingTests.data.features,
    targets: .values((0..<300).map { Float($0) }, width: 3))

  /// A level whose own step leaves the range is told from those that it spreads to, and a gradient
  /// from what it spoils; what the device found in the same step has not moved the weights.
  @Test func divergenceNamesWhereItBegan() throws {
    let huge = Dataset(
      count: 100, featureCount: 12, features: .floats((0..<1200).map { Float($0) * 1e19 }),
      targets: TrainingTests.data.targets)
    let cases: [(String, Loss, Dataset, DivergenceError.Cause, step: Int)] = [
      ("sgd(0) / sgd(3e38)", .meanSquaredError, Self.regression, .parameters(level: 1), 1),
      (
        "sgd(0) / sgd(0) / sgd(3e38) / sgd(0)", .meanSquaredError, Self.regression,
        .parameters(level: 2), 2
      ),
      ("sgd(0) / sgd() / adam()", .crossEntropy, huge, .gradient(level: 1), 1),
      ("sgd(1e25) / sgd(0)", .meanSquaredError, Self.regression, .loss, 1),
      ("sgd(3e38) / sgd(0)", .meanSquaredError, Self.regression, .parameters(level: 0), 1),
    ]
    for backend in TestBackend.native where !backend.isDouble {
      for (notation, loss, data, cause, step) in cases {
        let trainer = try Trainer(
          Linear(12, 3), loss: loss, optimizer: try Tower(parsing: notation), on: backend.device())
        try trainer.train(on: data, batchSize: 50, steps: step)
        let before = try bits(trainer)
        let error = #expect(throws: DivergenceError.self, "\(notation) on \(backend.name)") {
          try trainer.train(on: data, batchSize: 50, steps: 4)
        }
        #expect(error?.cause == cause && error?.step == step, "\(notation) on \(backend.name)")
        let again = #expect(throws: DivergenceError.self) { try trainer.checkFinite() }
        #expect(again?.cause == cause && again?.step == step, "\(notation) on \(backend.name)")
        #expect(try bits(trainer) == before)
      }
    }
  }

  /// (x·w) ^ 2 to the power of ½, whose gradient at 0 is no number though its value is 0.
  private struct Absolute: Module {
    var layer = Linear(12, 3)
    func callAsFunction(_ x: Tensor) -> Tensor {
      let product = x.matmul(layer.weight, transposeRight: true)
      return (product * product).pow(0.5)
    }
  }

  /// The gradient of the weights is told from that of the level above, until steps after that in
  /// which it was no number have overwritten it.
  @Test func theWeightsGradientIsKnownForTwoSteps() throws {
    let data = Dataset(
      count: 100, featureCount: 12,
      features: .floats((0..<1200).map { $0 < 600 ? Float($0 % 7) - 3 : 0 }),
      targets: .values(.init(repeating: 1, count: 300), width: 3))
    for backend in TestBackend.native {
      for (steps, level) in [(2, 0), (3, 0), (4, 1), (10, 1)] {
        let trainer = try Trainer(
          Absolute(), loss: .meanSquaredError, sampleShape: [12], optimizer: SGD(0.01) / SGD(0.01),
          on: backend.device())
        let error = #expect(throws: DivergenceError.self) {
          try trainer.train(on: data, batchSize: 50, steps: steps, shuffled: false)
        }
        #expect(error?.cause == .gradient(level: level), "\(steps) steps on \(backend.name)")
        #expect(error?.step == 1, "\(steps) steps on \(backend.name)")
      }
    }
  }

  @Test func aDivergedRunStaysWhereItWas() throws {
    for backend in TestBackend.native where !backend.isDouble {
      func run(reportEvery: Int) throws -> ([[UInt64]], Int) {
        let trainer = try Trainer(
          Linear(12, 3), loss: .meanSquaredError, optimizer: SGD(1e3) / SGD(0), on: backend.device()
        )
        var reported = 0
        let error = #expect(throws: DivergenceError.self) {
          try trainer.train(on: Self.regression, batchSize: 30, steps: 50, reportEvery: reportEvery)
          {
            reported += $0.count
            #expect($0.allSatisfy { $0.loss.isFinite })
          }
        }
        #expect(reported > 1 && error?.step == reported)
        return (try bits(trainer), reported)
      }
      let (early, late) = (try run(reportEvery: 1), try run(reportEvery: 50))
      #expect(early == late, "\(backend.name)")
    }
  }

  @Test func longRunsStayFinite() throws {
    for backend in TestBackend.openCL {
      let trainer = try Trainer(
        DenseNetwork(widths: [784, 16, 10]), loss: .negativeLogLikelihood,
        optimizer: try Tower(parsing: "adam(beta2=0.9) / adam()"), on: backend.device())
      try trainer.train(on: GoldenTests.mnist.get().train, batchSize: 300, steps: 3000)
      #expect(try trainer.accuracy(on: GoldenTests.mnist.get().test!) > 85)
    }
  }

  @Test func theLastStepIsChecked() throws {
    let trainer = try Trainer(
      Linear(12, 3), loss: .crossEntropy, optimizer: SGD(1e38), on: .cpu)
    try trainer.checkFinite()
    var values = try trainer.state.weights(0).floats
    values[0] = .nan
    try trainer.state.setWeights(.float32(values), of: 0)
    let error = #expect(throws: DivergenceError.self) { try trainer.checkFinite() }
    #expect(error?.level == 0)
  }
}
