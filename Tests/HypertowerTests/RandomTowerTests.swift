import Glibc
import Testing

@testable import Hypertower

/// Random towers on a tiny network: every OpenCL device against the CPU backend, step by step from the
/// same state.
@Suite struct RandomTowerTests {
  private static let steps = 20
  private static let batchSize = 8

  private static let data: Dataset = {
    var random = SeededRandom(78)
    return Dataset(
      count: 24, featureCount: 6, features: .floats(random.floats(24 * 6, in: -1...1)),
      targets: .classes(
        (0..<24).map { _ in Int32.random(in: 0..<3, using: &random) }, classCount: 3))
  }()

  /// Of 1 to 9 levels: any rules, drawn from the number of a structure, with any values.
  private func tower(structure: Int, values: Int) -> Tower {
    var (rules, random) = (
      SeededRandom(UInt64(1000 + structure)), SeededRandom(UInt64(10 * structure + values))
    )
    let levels = (0...Int.random(in: 0...8, using: &rules)).map { _ -> Tower in
      func power(_ range: ClosedRange<Double>) -> Double {
        pow(10, Double.random(in: range, using: &random))
      }
      let (alpha, share) = (power(-4 ... -1), Double.random(in: 0.5...0.99, using: &random))
      return switch Int.random(in: 0..<8, using: &rules) {
      case 0: SGD(alpha).tower
      case 1: SGD(alpha, momentum: share).tower
      case 2: SGDPerParameter(alpha).tower
      case 3: Adam(alpha, beta1: share, beta2: 0.999, epsilon: power(-8 ... -2)).tower
      case 4: Adam(alpha, beta1: share, epsilon: 1e-4, tunesOnlyLearningRate: true).tower
      case 5: AdaGrad(alpha).tower
      case 6: RMSProp(alpha, gamma: share).tower
      default: RMSProp(alpha, gamma: share, tunesOnlyLearningRate: true).tower
      }
    }
    return Tower(levels.flatMap(\.levels))
  }

  private func trainer(_ tower: Tower, on device: Device) throws -> Trainer {
    try Trainer(
      DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood, optimizer: tower, on: device,
      seed: 5)
  }

  /// The weights, and every level's hyperparameters as they are stored.
  private func parameters(_ trainer: Trainer) throws -> [[Double]] {
    let state = trainer.state
    let raw = try state.backend.read(0..<state.layout.hyperparameterCount, of: state.values).doubles
    return try [trainer.weights().entries.flatMap { $0.doubles() }]
      + state.layout.levels.map {
        Array(raw[$0.hyperparameters..<$0.hyperparameters + $0.hyperparameterCount])
      }
  }

  /// Takes one step and returns its loss; nil if it diverged.
  private func step(_ trainer: Trainer) throws -> Double? {
    var loss: Double?
    do {
      try trainer.train(on: Self.data, batchSize: Self.batchSize, steps: 1, shuffled: false) {
        loss = $0[0].loss
      }
    } catch is DivergenceError {
      return nil
    }
    return try #require(loss)
  }

  /// What is compiled depends on a tower's rules; each is tried with several values.
  private static let valuesOfATower = 5

  @Test(arguments: TestBackend.openCL)
  func everyStepIsTheReferences(_ backend: TestBackend) throws {
    for number in 0..<caseCount(4, stress: 1000 / Self.valuesOfATower) {
      let devices = try [Device.cpu, Device.cpu64, backend.device()]
      var trainers: [Trainer] = []
      for values in 0..<Self.valuesOfATower {
        let tower = tower(structure: number, values: values)
        if trainers.isEmpty {
          trainers = try devices.map { try trainer(tower, on: $0) }
        } else {
          for trainer in trainers { try trainer.restart(with: tower, seed: 5) }
        }
        try compare(trainers, "\(tower), number \(number), \(values)")
      }
    }
  }

  /// Takes steps of all from the same states: those of the CPU backend, which comes first. How far it is
  /// from float64, which comes second, tells how much rounding a step magnifies.
  private func compare(_ trainers: [Trainer], _ what: String) throws {
    for number in 0..<Self.steps {
      let before = try parameters(trainers[0])
      let snapshot = try trainers[0].snapshot()
      for trainer in trainers.dropFirst() { try trainer.restore(snapshot) }
      let losses = try trainers.map { try step($0) }
      #expect((losses[0] == nil) == (losses[2] == nil), "\(what), step \(number)")
      guard let expected = losses[0], let actual = losses[2], losses[1] != nil else { return }
      assertClose(actual, expected, .relative(1e-5), "\(what), loss of step \(number)")
      let after = try trainers.map { try parameters($0) }
      for level in before.indices {
        func farthest(_ a: [Double], _ b: [Double]) -> Double {
          zip(a, b).map { ($0 - $1).magnitude }.max() ?? 0
        }
        let rounding =
          1e-6 * farthest(after[0][level], before[level])
          + 8 * farthest(after[0][level], after[1][level])
        assertClose(
          after[2][level], after[0][level],
          .each(after[0][level].map { 1e-6 * $0.magnitude + rounding }),
          "\(what), level \(level), step \(number)")
      }
    }
  }
}
