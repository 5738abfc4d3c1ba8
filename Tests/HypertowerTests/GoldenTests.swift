import Datasets
import FoundationEssentials
import Glibc
import Hypertower
import Testing

/// The reference trajectories of `Golden`: the paper's network on MNIST in file order, from
/// PyTorch in float32 and float64.
@Suite(.serialized) struct GoldenTests {
  struct Trajectory: Decodable {
    struct Run: Decodable {
      let losses: [Double]
      let testAccuracyPercent: Double
      let hyperparametersAfterStep: [String: [[String: Double]]]
    }

    let notation: String
    let batch: Int
    let steps: Int
    let hidden: Int
    let float32: Run
    let float64: Run
  }

  /// How far a run may be from its reference: rounding alone moves the float32 runs by up to 1e-5.
  struct Tolerance {
    let loss: Double
    let hyperparameter: Double
    static let float32 = Tolerance(loss: 1e-4, hyperparameter: 1e-4)
    static let float64 = Tolerance(loss: 1e-11, hyperparameter: 1e-9)
  }

  static let names = [
    "adagrad-adagrad", "adam-adam", "adam", "adam_alpha-adam", "momentum-sgd", "rmsprop-sgd",
    "rmsprop_alpha-rmsprop", "sgd-adam", "sgd-height-4", "sgd-sgd", "sgd",
  ]
  /// Those in which rounding grows until runs part.
  static let chaoticNames = ["adam-sgd_per_parameter-sgd", "adam_alpha-sgd_per_parameter-sgd"]

  static let mnist = Result { try MNIST.embedded() }

  /// What every reference trajectory starts from.
  static let initialWeights = #filePath.replacing(
    "Tests/HypertowerTests/GoldenTests.swift",
    with: "Sources/InitialWeights/init-128-0x42.safetensors")

  static func trajectory(_ name: String) throws -> Trajectory {
    try ReferenceFile.decode("HypertowerTests/Golden/\(name).json")
  }

  static func trainer(_ trajectory: Trajectory, on device: Device) throws -> Trainer {
    let trainer = try Trainer(
      DenseNetwork(widths: [784, trajectory.hidden, 10]), loss: .negativeLogLikelihood,
      optimizer: try Tower(parsing: trajectory.notation), on: device)
    try trainer.load(initialWeights)
    return trainer
  }

  /// Runs a case for `steps` steps and compares every loss and every hyperparameter kept.
  private func replay(
    _ trajectory: Trajectory, steps: Int, on backend: TestBackend
  ) throws -> Trainer {
    let reference = backend.isDouble ? trajectory.float64 : trajectory.float32
    let tolerance = backend.isDouble ? Tolerance.float64 : .float32
    let trainer = try Self.trainer(trajectory, on: backend.device())
    var compared = 0
    var worst = (loss: 0.0, hyperparameter: 0.0)
    try trainer.train(
      on: Self.mnist.get().train, batchSize: trajectory.batch, steps: steps, shuffled: false
    ) { records in
      for record in records {
        let difference = (record.loss - reference.losses[record.step]).magnitude
        worst.loss = difference > worst.loss ? difference : worst.loss
        #expect(difference <= tolerance.loss, "loss of step \(record.step) on \(backend.name)")
        guard let levels = reference.hyperparametersAfterStep["\(record.step)"] else { continue }
        #expect(levels.count == record.rawHyperparameters.count)
        for (own, level) in zip(record.rawHyperparameters, levels) {
          #expect(Set(own.map(\.name)) == Set(level.keys))
          for (name, value) in own {
            let expected = try #require(level[name])
            let difference = (value - expected).magnitude / expected.magnitude
            #expect(
              difference <= tolerance.hyperparameter,
              "\(name) after step \(record.step) on \(backend.name): \(value), not \(expected)")
            compared += 1
          }
        }
      }
    }
    #expect(compared > 0)
    return trainer
  }

  /// The CPU backend is the same code in float32 as in float64, in which it takes all steps.
  private func isShortened(_ backend: TestBackend) -> Bool {
    backend.name == TestBackend.cpu.name && !isStressed
  }

  @Test(arguments: names, TestBackend.native)
  func followsTheReference(name: String, backend: TestBackend) throws {
    let trajectory = try Self.trajectory(name)
    let steps = isShortened(backend) ? 40 : trajectory.steps
    let trainer = try replay(trajectory, steps: steps, on: backend)
    if steps < trajectory.steps { return }
    let reference = backend.isDouble ? trajectory.float64 : trajectory.float32
    let accuracy = try trainer.accuracy(on: Self.mnist.get().test!)
    #expect((accuracy - reference.testAccuracyPercent).magnitude <= 0.05)
  }

  /// The first steps alone, for drivers on which whole trajectories take too long.
  @Test(
    .enabled(if: getenv("HYPERTOWER_TEST_FIRST_STEPS") != nil), arguments: names + chaoticNames,
    TestBackend.openCL)
  func beginsLikeTheReference(name: String, backend: TestBackend) throws {
    _ = try replay(try Self.trajectory(name), steps: 20, on: backend)
  }

  @Test(arguments: chaoticNames, TestBackend.native)
  func followsTheReferenceAtFirst(name: String, backend: TestBackend) throws {
    let trajectory = try Self.trajectory(name)
    let trainer = try replay(trajectory, steps: 20, on: backend)
    if isShortened(backend) { return }
    try trainer.train(
      on: Self.mnist.get().train, batchSize: trajectory.batch, steps: trajectory.steps - 20,
      shuffled: false)
    let reference = backend.isDouble ? trajectory.float64 : trajectory.float32
    let accuracy = try trainer.accuracy(on: Self.mnist.get().test!)
    #expect((accuracy - reference.testAccuracyPercent).magnitude <= 1)
  }

  /// The kernels meant for other devices, for a few steps.
  @Test(arguments: ["adam-adam"], TestBackend.otherProfiles)
  func otherKernelsFollowTheReference(name: String, backend: TestBackend) throws {
    _ = try replay(try Self.trajectory(name), steps: 6, on: backend)
  }

  /// The paper's tables 1 and 2, in percent of the test set, and what was learned.
  @Test(
    arguments: [
      ("sgd(0.01)", 79.62, [:]), ("sgd(0.01) / sgd(0.01)", 88.36, ["alpha": 0.1456]),
      ("sgd(0.01) / adam()", 86.81, ["alpha": 0.0959]), ("adam()", 90.99, [:]),
      ("adam() / adam()", 94.37, ["alpha": 0.01316, "beta1": 0.8928]),
      ("adam_alpha() / adam()", 94.43, [:]),
    ] as [(String, Double, [String: Double])])
  func reproducesThePapersTables(
    notation: String, accuracy: Double, learned: [String: Double]
  ) throws {
    for backend in TestBackend.native where !backend.isDouble {
      let trainer = try Trainer(
        DenseNetwork(widths: [784, 128, 10]), loss: .negativeLogLikelihood,
        optimizer: try Tower(parsing: notation), on: backend.device())
      try trainer.load(Self.initialWeights)
      let mnist = try Self.mnist.get()
      try trainer.train(on: mnist.train, batchSize: 300, shuffled: false)
      #expect((try trainer.accuracy(on: mnist.test!) - accuracy).magnitude <= 0.05)
      for hyperparameter in try trainer.tower.levels[0].hyperparameters {
        guard let expected = learned[hyperparameter.name] else { continue }
        #expect((hyperparameter.value / expected - 1).magnitude < 1e-3)
      }
    }
  }
}
