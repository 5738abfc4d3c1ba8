import Glibc
import Testing

@testable import Hypertower

/// Random towers on a tiny network: every OpenCL device against the CPU backend, step by step from
/// the same state.
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
      return switch Int.random(in: 0..<10, using: &rules) {
      case 0: SGD(alpha).tower
      case 1: SGD(alpha, momentum: share).tower
      case 2: SGDPerParameter(alpha).tower
      case 3: Adam(alpha, beta1: share, beta2: 0.999, epsilon: power(-8 ... -2)).tower
      case 4: Adam(alpha, beta1: share, epsilon: 1e-4, tunesOnlyLearningRate: true).tower
      case 5: AdaGrad(alpha).tower
      case 6: RMSProp(alpha, gamma: share).tower
      case 7: Lion(alpha, beta1: share, weightDecay: power(-2...0)).tower
      case 8: RMSProp(alpha, gamma: share, tunesOnlyLearningRate: true).tower
      default: Adafactor(alpha, decayRate: share, weightDecay: power(-2...0)).tower
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
    let taken: Double = try #require(loss)
    return taken
  }

  /// What is compiled depends on a tower's rules; each is tried with several values.
  private static let valuesOfATower = 5

  @Test(arguments: TestBackend.openCL)
  func everyStepIsTheReferences(_ backend: TestBackend) throws {
    let structures = caseCount(4, stress: 1000 / Self.valuesOfATower)
    var compared = 0
    for number in 0..<structures {
      var trainers: [Trainer] = []
      for values in 0..<Self.valuesOfATower {
        let tower = tower(structure: number, values: values)
        if trainers.isEmpty {
          trainers = try [.cpu, backend.device(), .cpu64].map { try trainer(tower, on: $0) }
        } else {
          for trainer in trainers { try trainer.restart(with: tower, seed: 5) }
        }
        compared += try compare(
          trainers[0], trainers[1], exact: trainers[2], "\(tower), number \(number), \(values)")
      }
    }
    let all = structures * Self.valuesOfATower * Self.steps
    print("\(compared) of \(all) steps compared")
    #expect(compared > all * 9 / 10)
  }

  /// Steps of both from the same states.
  ///
  /// - Returns: how many steps were compared before the tower diverged.
  private func compare(
    _ reference: Trainer, _ tested: Trainer, exact: Trainer, _ what: String
  ) throws -> Int {
    var random = SeededRandom(79)
    for number in 0..<Self.steps {
      let before = try parameters(reference)
      let start = try reference.snapshot()
      try tested.restore(start)
      let (expected, actual) = (try step(reference), try step(tested))
      #expect((expected == nil) == (actual == nil), "\(what), step \(number)")
      guard let expected, let actual else { return number }
      assertClose(actual, expected, .relative(1e-5), "\(what), loss of step \(number)")
      let (after, own) = (try parameters(reference), try parameters(tested))
      guard after.allSatisfy({ $0.allSatisfy(\.isFinite) }),
        let rounding = try rounding(of: exact, from: start, to: after, &random)
      else { return number }
      for level in before.indices {
        // Each of the step's own operations rounds, too.
        let bound = 32 * rounding[level] + 1e-6 * farthest(after[level], before[level])
        assertClose(
          own[level], after[level], .each(after[level].map { bound + 1e-6 * $0.magnitude }),
          "\(what), level \(level), step \(number)")
      }
    }
    return Self.steps
  }

  /// What rounding alone may do to a step, for each level: how far the reference is from float64,
  /// and how far that ends from itself when all that it starts from is off by a unit in the last
  /// place of float32; nil if it diverges in float64.
  private func rounding(
    of exact: Trainer, from start: Trainer.Snapshot, to after: [[Double]],
    _ random: inout SeededRandom
  ) throws -> [Double]? {
    func end(_ start: Trainer.Snapshot) throws -> [[Double]]? {
      try exact.restore(start)
      return try step(exact) == nil ? nil : try parameters(exact)
    }
    guard let ideal = try end(start) else { return nil }
    let ownDistances = zip(after, ideal).map { farthest($0, $1) }
    var distances = [Double](repeating: 0, count: ideal.count)
    for _ in 0..<4 {
      let arrays = start.arrays.map { array -> HostArray in
        guard case .float32(let values) = array else { return array }
        return .float64(
          values.map { Double($0) * (Bool.random(using: &random) ? 1 + 0x1p-23 : 1 - 0x1p-23) })
      }
      let shifted = Trainer.Snapshot(
        arrays: arrays, stepCount: start.stepCount, position: start.position)
      guard let parameters = try end(shifted) else { continue }
      for level in ideal.indices {
        distances[level] = Swift.max(distances[level], farthest(parameters[level], ideal[level]))
      }
    }
    return zip(distances, ownDistances).map { $0 + $1 }
  }

  private func farthest(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).map { ($0 - $1).magnitude }.max() ?? 0
  }
}
