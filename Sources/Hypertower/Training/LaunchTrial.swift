/// Steps of a network as one launch and as several, on the same device.
package struct LaunchTrial {
  /// Milliseconds a step, the median of some rounds.
  package let joined: Double
  package let separate: Double
  /// Whether both come to the same weights, bit by bit.
  package let isSame: Bool

  /// What is better than the device's default by more than noise, if anything is.
  ///
  /// - Parameter standard: whether that joins phases.
  package func choice(besides standard: Bool) -> Bool? {
    if !isSame { return standard ? false : nil }
    let (own, other) = standard ? (joined, separate) : (separate, joined)
    return other < own * (1 - TuningChoices.leastGain) ? !standard : nil
  }
}

extension LaunchTrial {
  private static let rounds = 5
  /// The most steps of a round, and about how many seconds it takes at most.
  private static let steps = 40
  private static let roundSeconds = 1.0

  /// - Parameters:
  ///   - sampleShape: as in `Trainer`.
  ///   - choices: what else is used on the device.
  package init(
    _ model: some Module, loss: Loss, sampleShape: Shape, on data: Dataset, batchSize: Int,
    backend: OpenCLBackend, choices: TuningChoices
  ) throws {
    func trainer(joins: Bool) throws -> Trainer {
      var choices = choices
      choices.joinsPhases = joins
      let device = Device(name: "trial", backend: try backend.with(choices))
      return try Trainer(
        model, loss: loss, sampleShape: sampleShape, optimizer: SGD(1e-3) / SGD(1e-6), on: device)
    }
    let trainers = [try trainer(joins: true), try trainer(joins: false)]
    /// Milliseconds a step.
    func round(_ trainer: Trainer, steps: Int) throws -> Double {
      let start = ContinuousClock.now
      try trainer.train(on: data, batchSize: batchSize, steps: steps)
      try trainer.synchronize()
      return (ContinuousClock.now - start).seconds * 1000 / Double(steps)
    }
    // The first round builds kernels, the second tells how many steps a round has.
    for trainer in trainers { _ = try round(trainer, steps: 1) }
    let slowest = try trainers.map { try round($0, steps: 2) }.max()!
    let steps = Swift.max(1, Swift.min(Self.steps, Int(Self.roundSeconds * 1000 / slowest)))
    let times = try (0..<Self.rounds).map { _ in try trainers.map { try round($0, steps: steps) } }
    func median(_ trainer: Int) -> Double { times.map { $0[trainer] }.sorted()[Self.rounds / 2] }
    let weights = try trainers.map { trainer in
      try trainer.weights().entries.map { $0.floats().map(\.bitPattern) }
    }
    self.init(joined: median(0), separate: median(1), isSame: weights[0] == weights[1])
  }
}
