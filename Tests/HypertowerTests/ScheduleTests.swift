import Glibc
import Testing

@testable import Hypertower

@Suite("Schedules of hyperparameters that no level tunes")
struct ScheduleTests {
  // MARK: Values

  /// A schedule with its values by hand in some steps, counted from 1, of a run of 20 planned steps.
  struct Case: CustomTestStringConvertible {
    let schedule: HyperparameterSchedule
    let values: [(step: Int, value: Double)]
    var testDescription: String { schedule.curve?.text(of: "\(schedule.value)") ?? "" }
  }

  private static let plannedSteps = 20

  /// From `a` in step 0 of `count` to `b` in step `count`.
  private static func cosine(_ a: Double, _ b: Double, _ step: Double, of count: Double) -> Double {
    b + (a - b) * (1 + cos(.pi * step / count)) / 2
  }

  static let cases = [
    Case(schedule: .constant(0.5), values: [(1, 0.5), (20, 0.5), (99, 0.5)]),
    Case(
      schedule: .constant(0.5, warmup: 4),
      values: [(1, 0.125), (2, 0.25), (3, 0.375), (4, 0.5), (5, 0.5), (99, 0.5)]),
    Case(
      schedule: .step(0.5, every: 3, factor: 0.5),
      values: [
        (1, 0.5), (3, 0.5), (4, 0.25), (6, 0.25), (7, 0.125), (20, 0.5 / 64), (22, 0.5 / 128),
      ]),
    Case(
      schedule: .step(0.5, every: 1, warmup: 2),
      values: [(1, 0.25), (2, 0.5), (3, 0.5), (4, 0.05), (5, 0.005), (7, 5e-5)]),
    Case(
      schedule: .linear(0.5),
      values: [(1, 0.5), (2, 0.475), (11, 0.25), (20, 0.025), (21, 0.025), (99, 0.025)]),
    Case(
      schedule: .linear(0.5, end: 0.1, warmup: 4),
      values: [(1, 0.125), (4, 0.5), (5, 0.5), (6, 0.475), (13, 0.3), (20, 0.125), (30, 0.125)]),
    // Up as well as down.
    Case(schedule: .linear(0.5, end: 0.9), values: [(1, 0.5), (11, 0.7), (20, 0.88), (21, 0.88)]),
    Case(
      schedule: .cosine(0.5),
      values: [
        (1, 0.5), (2, cosine(0.5, 0, 1, of: 20)), (11, 0.25), (20, cosine(0.5, 0, 19, of: 20)),
        (21, cosine(0.5, 0, 19, of: 20)),
      ]),
    Case(
      schedule: .cosine(0.5, end: 0.1, warmup: 5),
      values: [
        (1, 0.1), (5, 0.5), (6, 0.5), (7, cosine(0.5, 0.1, 1, of: 15)),
        (20, cosine(0.5, 0.1, 14, of: 15)), (99, cosine(0.5, 0.1, 14, of: 15)),
      ]),
    // Step 0.3 · 20 − 1 = 5, counted from 0, is the peak; step 19 is the end.
    Case(
      schedule: .oneCycle(0.5),
      values: [
        (1, 0.02), (2, cosine(0.02, 0.5, 1, of: 5)), (6, 0.5), (7, cosine(0.5, 2e-6, 1, of: 14)),
        (13, (0.5 + 2e-6) / 2), (20, 2e-6), (21, 2e-6),
      ]),
    Case(
      schedule: .oneCycle(0.5, warmup: 10),
      values: [(1, 0.002), (10, 0.02), (11, 0.02), (13, 0.5), (20, 2e-6), (21, 2e-6)]),
    // A run that is over before the warm-up is.
    Case(schedule: .cosine(0.5, warmup: 40), values: [(1, 0.0125), (20, 0.25), (21, 0.25)]),
  ]

  @Test("Values are those by hand", arguments: cases)
  func values(_ own: Case) throws {
    let curve = try #require(own.schedule.curve)
    for (step, value) in own.values {
      assertClose(
        curve.value(of: own.schedule.value, step: step, plannedSteps: Self.plannedSteps), value,
        .relative(1e-13), "\(own.testDescription), step \(step)")
    }
  }

  /// `OneCycleLR` of PyTorch's `torch.optim.lr_scheduler` in step `step` from 0 on, as its source has it.
  private func oneCycle(_ peak: Double, step: Int, of count: Int) -> Double {
    func annealed(_ start: Double, _ end: Double, _ share: Double) -> Double {
      end + (start - end) / 2 * (cos(.pi * share) + 1)
    }
    let (initial, least) = (peak / 25, peak / 25 / 1e4)
    let ends = [0.3 * Double(count) - 1, Double(count - 1)]
    return Double(step) <= ends[0]
      ? annealed(initial, peak, Double(step) / ends[0])
      : annealed(peak, least, (Double(step) - ends[0]) / (ends[1] - ends[0]))
  }

  @Test("Runs of any length have all their values")
  func lengths() throws {
    let curve = try #require(HyperparameterSchedule.oneCycle(0.01).curve)
    for count in [1, 2, 3, 4, 5, 9, 10, 11, 100, 1001] {
      for step in 0..<count {
        assertClose(
          curve.value(of: 0.01, step: step + 1, plannedSteps: count),
          oneCycle(0.01, step: step, of: count), .relative(1e-9), "step \(step) of \(count)")
      }
    }
    // So many steps that a step is no longer an exact float32 share of the run.
    let million = 1_000_000
    for schedule in [HyperparameterSchedule.linear(1), .cosine(1), .oneCycle(1)] {
      let curve = try #require(schedule.curve)
      let values = stride(from: million / 2, through: million, by: 1000).map {
        curve.value(of: 1, step: $0, plannedSteps: million)
      }
      #expect(zip(values, values.dropFirst()).allSatisfy { $0 > $1 && $1 > 0 })
    }
  }

  // MARK: Training

  private static let data: Dataset = {
    var random = SeededRandom(77)
    return Dataset(
      count: 24, featureCount: 6, features: .floats(random.floats(24 * 6, in: -1...1)),
      targets: .classes(
        (0..<24).map { _ in Int32.random(in: 0..<3, using: &random) }, classCount: 3))
  }()

  private func trainer(
    _ optimizer: some Optimizer, plannedSteps: Int? = plannedSteps, firstStep: Double? = nil,
    on device: Device
  ) throws -> Trainer {
    try Trainer(
      DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood, optimizer: optimizer,
      firstStep: firstStep, plannedSteps: plannedSteps, on: device, seed: 5)
  }

  /// Steps, each over all samples.
  @discardableResult
  private func train(_ trainer: Trainer, _ steps: Int) throws -> [StepRecord] {
    var records: [StepRecord] = []
    try trainer.train(on: Self.data, batchSize: 24, steps: steps, shuffled: false) {
      records += $0
    }
    return records
  }

  private func weights(_ trainer: Trainer) throws -> [Double] {
    try trainer.weights().entries.flatMap { $0.doubles() }
  }

  @Test("Each step moves the weights by its value, and the log has it", arguments: TestBackend.all)
  func moves(_ backend: TestBackend) throws {
    let tolerance = backend.isDouble ? 1e-12 : 1e-5
    for own in backend.isNative ? Self.cases : Array(Self.cases.suffix(3)) {
      let scheduled = try trainer(SGD(own.schedule), on: backend.device())
      let fixed = try trainer(SGD(0), on: .cpu64)
      let curve = try #require(own.schedule.curve)
      for record in try train(scheduled, 23) {
        let value = curve.value(
          of: own.schedule.value, step: record.step + 1, plannedSteps: Self.plannedSteps)
        assertClose(
          record.hyperparameters[0][0].value, value, .relative(tolerance),
          "\(own.testDescription), step \(record.step) on \(backend.name)")
        let before = try fixed.weights()
        try fixed.restart(with: SGD(value), seed: 5)
        try fixed.setWeights(before)
        try train(fixed, 1)
      }
      assertClose(
        try weights(scheduled), try weights(fixed), .relativeFromOne(tolerance),
        "\(own.testDescription), weights on \(backend.name)")
      #expect(try scheduled.tower.description == SGD(own.schedule).tower.description)
    }
  }

  private static let towers = [
    "adam(cosine(0.05, warmup=3), beta1=linear(0.95, end=0.5), eps=linear(0.01, end=0.001))",
    "sgd(step(0.5, every=4, factor=0.5), momentum=one_cycle(0.9))",
    "rmsprop(one_cycle(0.05), gamma=linear(0.9))",
    "lion(cosine(0.01), weight_decay=linear(0.2), beta1=linear(0.9, end=0.5))",
    "sgd_per_parameter(linear(0.1, end=0.01), w1_alpha=0.2)",
    "sgd(0.1) / sgd_per_parameter(cosine(0.05))", "adam(0.01) / sgd(0.001) / adam(one_cycle(0.01))",
    "adam_alpha(0.01, beta1=linear(0.9)) / rmsprop(cosine(0.001, warmup=2))",
    "adam(0.01, beta2=linear(0.99, end=0.9)) / kesten(linear(1))",
    "adam(0.01) / kesten(one_cycle(1), per_tensor=true)",
  ]

  @Test(
    "All devices agree", arguments: TestBackend.native + TestBackend.otherProfiles.prefix(1))
  func agreement(_ backend: TestBackend) throws {
    for text in backend.isNative || isStressed ? Self.towers : Array(Self.towers.prefix(2)) {
      let tower = try Tower(parsing: text)
      let expected = try trainer(tower, on: .cpu64)
      let actual = try trainer(tower, on: backend.device())
      for (expected, actual) in zip(try train(expected, 23), try train(actual, 23)) {
        assertClose(actual.loss, expected.loss, .relative(1e-4), "\(text) on \(backend.name)")
        for (k, level) in expected.hyperparameters.enumerated() {
          assertClose(
            actual.hyperparameters[k].map(\.value), level.map(\.value), .relativeFromOne(1e-4),
            "\(text), level \(k), step \(expected.step) on \(backend.name)")
        }
      }
      assertClose(
        try weights(actual), try weights(expected), .relativeFromOne(1e-3), "\(text), weights")
    }
  }

  @Test("Every tensor has the schedule, on a value of its own")
  func perTensor() throws {
    let tower = try Tower(parsing: "sgd_per_parameter(linear(0.1), w1_alpha=0.2)")
    let trainer = try trainer(tower, on: .cpu64)
    let last = try #require(try train(trainer, 11).last).hyperparameters[0]
    #expect(last.map(\.name) == ["w1_alpha", "b1_alpha", "w2_alpha", "b2_alpha"])
    assertClose(last.map(\.value), [0.1, 0.05, 0.05, 0.05], .relative(1e-13), "step 10")
    #expect(try trainer.tower.description == tower.description)
  }

  @Test("The first step is limited at its value of then", arguments: TestBackend.native)
  func firstStep(_ backend: TestBackend) throws {
    for text in [
      "sgd(cosine(50, end=1, warmup=5))", "sgd(one_cycle(500))", "sgd(linear(10, end=1))",
    ] {
      let trainer = try trainer(Tower(parsing: text), firstStep: 1e-3, on: backend.device())
      let record = try train(trainer, 1)[0]
      let state = trainer.state
      let gradient = try state.backend.read(0..<state.arena.count, of: state.gradients[0]).doubles
      let promise =
        record.hyperparameters[0][0].value * gradient.reduce(0) { $0 + $1 * $1 }
      assertClose(promise, 1e-3 * record.loss, .relative(1e-5), text)
    }
  }

  @Test("A scaled step size keeps its schedule")
  func scaling() throws {
    let trainer = try trainer(SGD(.linear(0.5)), on: .cpu64)
    try train(trainer, 10)
    try trainer.scaleLearningRate(by: 0.1)
    assertClose(
      try train(trainer, 1)[0].hyperparameters[0][0].value, 0.025, .relative(1e-13), "step 10")
    #expect(try trainer.tower.description == "sgd(linear(0.05))")
  }

  // MARK: The run's length

  @Test(
    "What is compiled serves every length, and values lie where they did",
    arguments: TestBackend.native)
  func lengthIsAValue(_ backend: TestBackend) throws {
    let trainer = try trainer(SGD(0.1) / SGD(.linear(0.5)), on: backend.device())
    try train(trainer, 3)
    let state = trainer.state
    try trainer.restart(with: SGD(0.1) / SGD(.linear(0.5)), plannedSteps: 10, seed: 5)
    #expect(trainer.state === state)
    let values = try train(trainer, 12).map { $0.hyperparameters[1][0].value }
    assertClose(values[5], 0.25, .relative(1e-6), "step 5 of 10")
    assertClose(values[9], 0.05, .relative(1e-6), "step 9 of 10")
    #expect(values[11] == values[9])
    let same = try self.trainer(
      SGD(0.1) / SGD(.linear(0.5)), plannedSteps: 10, on: backend.device())
    try train(same, 12)
    #expect(try weights(same) == weights(trainer))

    func layout(_ text: String) throws -> TowerLayout {
      try TowerLayout(Tower(parsing: text), parameters: state.layout.parameters)
    }
    let plain = try layout("adam() / sgd(0.1)")
    #expect(plain.plannedStepsOffset == nil)
    for text in ["adam() / sgd(cosine(0.1))", "adam() / sgd(constant(0.1, warmup=9))"] {
      let own = try layout(text)
      #expect(own.levels.map(\.states) == plain.levels.map(\.states))
      #expect(own.levels.map(\.gradients) == plain.levels.map(\.gradients))
      #expect(own.uniforms == plain.uniforms)
      let isLonger = own.plannedStepsOffset != nil
      #expect(isLonger == text.contains("cosine") && own.size == plain.size + (isLonger ? 1 : 0))
    }
  }

  @Test("A resumed run ends bit by bit as one that was not cut off", arguments: TestBackend.native)
  func resuming(_ backend: TestBackend) throws {
    for text in Self.towers {
      let tower = try Tower(parsing: text)
      let whole = try trainer(tower, on: backend.device())
      try train(whole, 7)
      let checkpoint = try whole.checkpoint()
      try train(whole, 15)
      // What the run is resumed with has other values, which the checkpoint replaces.
      let resumed = try trainer(tower, on: backend.device())
      try train(resumed, 2)
      try resumed.resume(from: checkpoint, on: Self.data) { Issue.record("\(text): \($0)") }
      try train(resumed, 15)
      #expect(try weights(resumed) == weights(whole), "\(text)")
      #expect(try resumed.tower.description == whole.tower.description)
    }
  }

  @Test("A run resumed with another length follows that, and says so")
  func otherLength() throws {
    let short = try trainer(SGD(.linear(0.5)), plannedSteps: 10, on: .cpu)
    try train(short, 5)
    let long = try trainer(SGD(.linear(0.5)), plannedSteps: 40, on: .cpu)
    var warnings: [String] = []
    try long.resume(from: short.checkpoint(), source: "file", on: Self.data) { warnings.append($0) }
    #expect(
      warnings == ["file: was planned for 10 steps; its schedules now follow the run's 40"])
    assertClose(
      try train(long, 16).last!.hyperparameters[0][0].value, 0.25, .relative(1e-6), "step 20")
    let offset = try #require(long.state.layout.plannedStepsOffset)
    #expect(try long.state.backend.read(offset..<offset + 1, of: long.state.values).doubles == [40])
  }

  // MARK: Faults

  @Test("What does not go together is refused, with what to do")
  func faults() throws {
    func message(_ body: () throws -> Trainer) throws -> String {
      let error = try #require(throws: InputError.self) { _ = try body() }
      #expect(error.kind == .usage || error.kind == .badData)
      return error.message
    }
    #expect(
      try message { try trainer(SGD(0.1) / Adam(.cosine(0.01)), plannedSteps: nil, on: .cpu) }
        == "adam: alpha = cosine(0.01) follows the length of the run, which is not known; give Trainer "
        + "its plannedSteps")
    // One that does not needs none.
    _ = try trainer(SGD(.step(0.1, every: 5, warmup: 3)), plannedSteps: nil, on: .cpu)
    #expect(
      try message { try trainer(SGD(.cosine(0.1)) / Adam(), on: .cpu) }
        == "sgd: alpha = cosine(0.1) cannot be a schedule, as adam above tunes it; give a number, or "
        + "leave out the levels above")
    let other = try trainer(SGD(.linear(0.5)), on: .cpu)
    #expect(
      try message {
        let trainer = try trainer(SGD(.cosine(0.5, warmup: 3)), on: .cpu)
        try trainer.resume(from: other.checkpoint(), on: Self.data)
        return trainer
      }
        == "checkpoint: was made with the rules sgd(alpha=linear()), not sgd(alpha=cosine(warmup=3))"
    )
    for arguments: [String: HyperparameterSchedule] in [
      ["alpha": .step(0.1, every: 0)], ["alpha": .cosine(0.1, warmup: -1)],
      ["alpha": .linear(.nan)],
      ["alpha": .step(0.1, every: 3, factor: 0)], ["alpha": .linear(0.1, end: .infinity)],
      ["beta1": .linear(0.9, end: 1)], ["beta1": .linear(1)], ["eps": .linear(0.1, end: -1)],
    ] {
      #expect(throws: InputError.self, "\(arguments)") {
        try RuleDefinition.adam.rule(scheduled: arguments)
      }
    }
    // 0 is what it comes near, and never at.
    _ = try Tower(parsing: "adam(eps=linear(0.1, end=0))")
  }
}
