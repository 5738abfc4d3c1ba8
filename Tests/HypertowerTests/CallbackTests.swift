import Testing

@testable import Hypertower

/// What callbacks see, when they are called, and what they may do.
@Suite struct CallbackTests {
  /// 100 samples: four batches of 30, the last of 10.
  private func trainer(_ tower: some Optimizer = SGD(0.05)) throws -> Trainer {
    try Trainer(
      TrainingTests.network, loss: .negativeLogLikelihood, optimizer: tower, on: .cpu, seed: 3)
  }

  private func train(_ trainer: Trainer, steps: Int? = nil, _ callbacks: [Callback]) throws {
    try trainer.train(
      on: TrainingTests.data, batchSize: 30, steps: steps, callbacks: callbacks)
  }

  @Test func callsWhereItIsDue() throws {
    let trainer = try trainer()
    var (steps, odd, epochs, pairs) = ([Int](), [Int](), [Int](), [Int]())
    let callbacks: [Callback] = [
      .everySteps { steps.append($0.record.step) }, .everySteps(3) { odd.append($0.record.step) },
      .everyEpochs { epochs.append($0.record.step) },
      .everyEpochs(2) { pairs.append($0.record.step) },
    ]
    // Where one training stops another goes on, in the middle of an epoch and of an interval.
    try train(trainer, steps: 5, callbacks)
    try train(trainer, steps: 11, callbacks)
    #expect(steps == Array(0..<16))
    #expect(odd == [2, 5, 8, 11, 14])
    #expect(epochs == [3, 7, 11, 15])
    #expect(pairs == [7, 15])
  }

  @Test func trainsAnEpochByDefault() throws {
    let trainer = try trainer()
    var epochs: [Int] = []
    for _ in 0..<2 { try train(trainer, [.everyEpochs { epochs.append($0.epoch) }]) }
    #expect(trainer.stepCount == 8)
    #expect(epochs == [0, 1])
  }

  @Test func toldMeansAreThoseOfTheStepsBetween() throws {
    var losses: [Double] = []
    try trainer().train(on: TrainingTests.data, batchSize: 30, steps: 12) {
      losses += $0.map(\.loss)
    }
    var (means, last) = ([Double](), [Double]())
    try train(
      try trainer(), steps: 12,
      [
        .everySteps(5) {
          means.append($0.meanLoss)
          last.append($0.record.loss)
        },
        .everySteps {
          #expect($0.meanLoss == losses[$0.record.step])
        },
      ])
    #expect(last == [losses[4], losses[9]])
    for (mean, range) in zip(means, [0..<5, 5..<10]) {
      #expect(abs(mean - losses[range].reduce(0, +) / 5) < 1e-12)
    }
  }

  /// Looking at a run, which waits for the device, leaves every bit as it is.
  @Test(arguments: TestBackend.native) func lookingChangesNothing(backend: TestBackend) throws {
    func weights(_ callbacks: [Callback]) throws -> [UInt8] {
      let trainer = try Trainer(
        TrainingTests.network, loss: .negativeLogLikelihood, optimizer: Adam() / SGD(1e-4),
        on: try backend.device(), seed: 3)
      try train(trainer, steps: 11, callbacks)
      return try trainer.checkpoint().serialized()
    }
    let looking: [Callback] = [
      .everySteps(2) { pause in
        _ = try pause.trainer.evaluate(on: TrainingTests.data)
        _ = try pause.trainer.tower
      }
    ]
    #expect(try weights(looking) == weights([]))
  }

  @Test func stopsAndGoesOn() throws {
    let (stopped, whole) = (try trainer(), try trainer())
    var calls = 0
    try train(
      stopped, steps: 100,
      [.everySteps(3) { if $0.record.step == 5 { $0.stop() } }, .everySteps(6) { _ in calls += 1 }])
    #expect(stopped.stepCount == 6)
    // One that is due at the same step is called all the same.
    #expect(calls == 1)
    try train(stopped, steps: 4, [])
    try train(whole, steps: 10, [])
    #expect(try stopped.weights().serialized() == whole.weights().serialized())
  }

  @Test func mayChangeTheStepSize() throws {
    let trainer = try trainer()
    try train(
      trainer, steps: 8, [.everyEpochs { try $0.trainer.scaleLearningRate(by: 0.5) }])
    #expect(try "\(trainer.tower)" == "sgd(0.0125)")
  }

  @Test func whatItThrowsEndsTheTraining() throws {
    struct Failure: Error {}
    let trainer = try trainer()
    #expect(throws: Failure.self) {
      try train(trainer, [.everySteps(2) { _ in throw Failure() }])
    }
    #expect(trainer.stepCount == 2)
  }

  @Test func seesNoStepThatDiverged() throws {
    let trainer = try trainer(Adam() / SGD(1e38))
    var steps: [Int] = []
    let error = #expect(throws: DivergenceError.self) {
      try train(trainer, steps: 50, [.everySteps { steps.append($0.record.step) }])
    }
    #expect(try steps == Array(0..<#require(error).step))
  }

  @Test func refusesABatchOfMoreThanThereAre() throws {
    #expect(throws: InputError.self) {
      try trainer().train(on: TrainingTests.data, batchSize: 101, callbacks: [])
    }
  }
}
