import Testing

@testable import Hypertower

/// Towers on a small network against a reference by hand: trajectories, and every level's gradients
/// against central differences of the next batch's loss.
@Suite struct HypergradientTests {
  private static let network = ReferenceNetwork(inputs: 6, hidden: 5, outputs: 3)
  private static let batchSize = 8
  private static let steps = 7

  /// What rounding makes of a difference of losses.
  private static let noise = 8e-16

  /// How far hyperparameters of level k − 1 are shifted. High up a tower of SGD gradients are
  /// products of many small ones, and the loss depends on such a hyperparameter so little that it
  /// is linear in it far and wide.
  private static func shiftStep(_ own: TowerCase, _ k: Int) -> Double {
    k >= 3 && own.rules[k - 1].isLinear ? 1 : 0x1p-9
  }

  private struct Samples {
    let all: [(x: [Float], label: Int)]
    let dataset: Dataset

    init() {
      var random = SeededRandom(77)
      all = (0..<24).map { _ in
        (random.floats(6, in: -1...1), Int.random(in: 0..<3, using: &random))
      }
      dataset = Dataset(
        count: all.count, featureCount: 6, features: .floats(all.flatMap(\.x)),
        targets: .classes(all.map { Int32($0.label) }, classCount: 3))
    }

    func batch(_ step: Int) -> [(x: [Float], label: Int)] {
      let start = step * HypergradientTests.batchSize % all.count
      return Array(all[start..<start + HypergradientTests.batchSize])
    }
  }

  private let samples = Samples()

  private func trainer(_ own: TowerCase, _ device: Device) throws -> Trainer {
    try Trainer(
      DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood, optimizer: own.tower,
      on: device, seed: 5)
  }

  private func weights(_ trainer: Trainer) throws -> [Double] {
    let file = try trainer.weights()
    return try ["w1", "b1", "w2", "b2"].flatMap { try #require(file[$0]).doubles() }
  }

  /// The gradients of what levels 1 and above tune, and their bounds, as the engine has just computed
  /// them; 0 where there are no bounds.
  private func engineGradients(
    _ trainer: Trainer
  ) throws -> (gradients: [[Double]], bounds: [[Double]]) {
    let state = trainer.state
    let values = try state.backend.read(0..<state.values.count, of: state.values).doubles
    let upper = state.layout.levels.dropFirst()
    return (
      upper.map { Array(values[$0.gradients..<$0.gradients + $0.width]) },
      upper.map { level in
        level.bounds.map { Array(values[$0..<$0 + level.width]) }
          ?? [Double](repeating: 0, count: level.width)
      }
    )
  }

  /// The bound of the gradient of hyperparameter `h` of level `k` − 1, by differences of what that
  /// level has moved in its latest step.
  private func bound(
    _ before: (tower: ReferenceTower, gradients: [[Double]], bounds: [[Double]]), k: Int, h: Int,
    of gradient: [Double]
  ) -> Double {
    let level = before.tower.levels[k - 1]
    func moved(_ shift: Double) -> [Double] {
      var tower = before.tower
      tower.adjust(before.gradients, bounds: before.bounds) { level, hyperparameters in
        if level == k - 1 { hyperparameters[h] += shift }
      }
      return tower.parameters[k - 1]
    }
    let base = moved(0)
    var squares = (gradient: 0.0, derivative: 0.0)
    for i in base.indices where !level.rule.isPerTensor || level.tensors[i] == h {
      let derivative = centralDifference { moved($0)[i] - base[i] }
      squares.gradient += gradient[i] * gradient[i]
      squares.derivative += derivative * derivative
    }
    return squares.gradient.squareRoot() * squares.derivative.squareRoot()
  }

  @Test(
    arguments: TowerCase.all + TowerCase.untuned + TowerCase.sums + TowerCase.moments
      + TowerCase.transforms)
  func gradientsOfEveryLevelAreDerivatives(_ own: TowerCase) throws {
    let trainer = try trainer(own, .cpu64)
    var tower = ReferenceTower(
      own.rules, weights: try weights(trainer), tensors: Self.network.tensors)
    // The tower and the gradients before the latest adjustment.
    var before: (tower: ReferenceTower, gradients: [[Double]], bounds: [[Double]])?
    var greatest = [Double](repeating: 0, count: own.rules.count)
    for step in 0..<Self.steps {
      let batch = samples.batch(step)
      let (loss, gradient) = Self.network.loss(tower.parameters[0], batch)
      var record: StepRecord?
      try trainer.train(
        on: samples.dataset, batchSize: Self.batchSize, steps: 1, shuffled: false
      ) { record = $0[0] }
      assertClose(try #require(record).loss, loss, .relative(1e-11), "\(own), loss of step \(step)")

      let engine = try engineGradients(trainer)
      let gradients = [gradient] + engine.gradients
      let bounds = [gradient.map { _ in 0 }] + engine.bounds
      for k in 1..<Swift.max(1, own.rules.count) {
        let shiftStep = Self.shiftStep(own, k)
        for h in gradients[k].indices {
          let derivative =
            before.map { before in
              centralDifference(step: shiftStep) { shift in
                var tower = before.tower
                tower.adjust(before.gradients, bounds: before.bounds) { level, hyperparameters in
                  if level == k - 1 { hyperparameters[h] += shift }
                }
                // All losses are near this one; the differences are what counts.
                return Self.network.loss(tower.parameters[0], batch).loss - loss
              }
            } ?? 0
          greatest[k] = Swift.max(greatest[k], derivative.magnitude)
          if (gradients[k][h] - derivative).magnitude < Self.noise / shiftStep { continue }
          assertClose(
            gradients[k][h], derivative, .relative(1e-6),
            "\(own), step \(step), hyperparameter \(h) of level \(k - 1)")
        }
        guard trainer.state.layout.levels[k].bounds != nil else { continue }
        for h in bounds[k].indices {
          let expected = before.map { bound($0, k: k, h: h, of: gradients[k - 1]) } ?? 0
          assertClose(
            bounds[k][h], expected, .relative(1e-6),
            "\(own), step \(step), bound of hyperparameter \(h) of level \(k - 1)")
          #expect(gradients[k][h].magnitude <= bounds[k][h] * (1 + 1e-12))
        }
      }

      before = (tower, gradients, bounds)
      tower.adjust(gradients, bounds: bounds)
      for (k, level) in try #require(record).rawHyperparameters.enumerated() {
        assertClose(
          level.map(\.value), tower.parameters[k + 1], .relativeFromOne(1e-11),
          "\(own), hyperparameters of level \(k) after step \(step)")
      }
    }
    assertClose(
      try weights(trainer), tower.parameters[0], .relativeFromOne(1e-10), "\(own), weights")
    for k in 1..<Swift.max(1, own.rules.count) {
      // An error of a part in 20,000 of the greatest gradient would stand out of rounding.
      let visible = 2e4 * Self.noise / Self.shiftStep(own, k)
      #expect(greatest[k] > visible, "\(own): the gradients of level \(k) are too small to tell")
    }
  }

  /// The same towers in float32, on every backend.
  @Test(arguments: TestBackend.all)
  func trajectories(_ backend: TestBackend) throws {
    let device = try backend.device()
    let cases =
      backend.isNative
      ? TowerCase.all + TowerCase.untuned + TowerCase.sums + TowerCase.moments
        + TowerCase.transforms
      : Array(TowerCase.all[2...3])
        + (TowerCase.untuned + TowerCase.sums).filter {
          isStressed || ["kesten on adam, per tensor", "coupled per tensor"].contains($0.name)
        }
    for own in cases {
      try expectTrajectory(of: own, on: device)
    }
  }

  /// More levels than a work-group of a GPU keeps in its local memory.
  @Test(arguments: TestBackend.openCL + TestBackend.otherProfiles.prefix(1))
  func tallTowers(_ backend: TestBackend) throws {
    let levels = [.adam(0.05)] + [TowerCase.Level](repeating: .adam(0.2), count: 4)
    let tower = TowerCase(
      "150 levels of adam", levels + [TowerCase.Level](repeating: .adam(1e-4), count: 146))
    try expectTrajectory(of: tower, on: try backend.device())

    /// The states of every level: also where gradients are 0 still, means of squares decay.
    func states(_ device: Device) throws -> [[Double]] {
      let trainer = try trainer(tower, device)
      try trainer.train(
        on: samples.dataset, batchSize: Self.batchSize, steps: Self.steps, shuffled: false)
      let state = trainer.state
      #expect(
        state.layout.size + state.layout.levels.count * TowerCode.levelFields
          > TowerCode.greatestLocalTower)
      let values = try state.backend.read(0..<state.values.count, of: state.values).doubles
      return state.layout.levels.dropFirst().map { level in
        Array(values[level.states..<level.states + level.rule.states.count * level.width])
      }
    }
    let (expected, actual) = (try states(.cpu64), try states(backend.device()))
    #expect(actual.count == 150)
    for (k, level) in expected.enumerated() {
      assertClose(actual[k], level, .relativeFromOne(1e-4), "states of level \(k + 1)")
    }
  }

  private func expectTrajectory(of own: TowerCase, on device: Device) throws {
    func records(_ device: Device) throws -> [StepRecord] {
      var records: [StepRecord] = []
      try trainer(own, device).train(
        on: samples.dataset, batchSize: Self.batchSize, steps: Self.steps, shuffled: false
      ) { records += $0 }
      return records
    }
    let (expected, actual) = (try records(.cpu64), try records(device))
    #expect(actual.count == Self.steps)
    for (expected, actual) in zip(expected, actual) {
      assertClose(actual.loss, expected.loss, .relative(1e-4), "\(own) on \(device.name)")
      for (k, level) in expected.rawHyperparameters.enumerated() {
        #expect(level.map(\.name) == actual.rawHyperparameters[k].map(\.name))
        assertClose(
          actual.rawHyperparameters[k].map(\.value), level.map(\.value), .relativeFromOne(1e-4),
          "\(own), level \(k), step \(expected.step), on \(device.name)")
      }
    }
  }

  /// In the first step, upper levels are applied with gradients of 0: their step counts move on and
  /// their means of squares decay.
  @Test func theFirstStepAppliesAllLevels() throws {
    let trainer = try trainer(TowerCase("adam / adam", [.adam(0.05), .adam(0.05)]), .cpu64)
    try trainer.train(on: samples.dataset, batchSize: Self.batchSize, steps: 1, shuffled: false)
    let (state, upper) = (trainer.state, trainer.state.layout.levels[1])
    let values = try state.backend.read(0..<state.values.count, of: state.values).doubles
    // ε = 0.01 is where v starts, β2 = 0.95 what it keeps.
    let states = Array(values[upper.states..<upper.states + 2 * upper.width])
    assertClose(
      states, [0, 0, 0, 0] + [Double](repeating: 0.0095, count: 4), .absolute(1e-15), "m, v")
    assertClose(
      Array(values[upper.gradients..<upper.gradients + upper.width]), [0, 0, 0, 0], .exact, "g")
    let tower = try trainer.tower
    assertClose(
      tower.levels[0].hyperparameters.map(\.value), [0.05, 0.8, 0.95, 0.01], .relative(1e-12), "h")
  }
}
