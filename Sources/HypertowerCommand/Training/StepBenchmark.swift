import Hypertower

/// Times a training step of a network under several towers.
struct StepBenchmark {
  /// Milliseconds a step, over all rounds, and where the steps lead.
  struct Result {
    let tower: String
    let height: Int
    let times: [Double]
    let finalLoss: Double
    /// Bytes of device memory for the data, the training state, and the step; nil on the CPU
    /// backend.
    let deviceBytes: Int?

    var median: Double { times.median }
    var fastest: Double { times.min()! }
    var slowest: Double { times.max()! }
  }

  private struct Case {
    let tower: String
    let height: Int
    let trainer: Trainer
    let start: Trainer.Snapshot
    let finalLoss: Double
    let deviceBytes: Int?
  }

  /// A tower to time, and what it is called.
  struct Setting {
    let name: String
    let optimization: Optimization

    /// A tower of `height` levels above the bottom one, all of one rule: `sgd` or `adam`.
    init(_ name: String, height: Int) {
      self.name = name
      optimization = Optimization(tower: StepBenchmark.tower(name, height: height))
    }

    /// A tower that was written down.
    init(_ optimization: Optimization) {
      self.optimization = optimization
      name = optimization.description
    }
  }

  private let network: BenchmarkNetwork
  private let cases: [Case]

  /// A tower of `height` levels above the bottom one, all of one rule: `sgd` or `adam`.
  static func tower(_ name: String, height: Int) -> Tower {
    let rule: any Optimizer = name == "sgd" ? SGD(0.01) : Adam(1e-7)
    return Tower(Array(repeating: rule.levels[0], count: height + 1))
  }

  /// Prepares all towers; each takes the steps once, which builds its kernels.
  ///
  /// - Throws: `DivergenceError` if a loss or a hyperparameter is not finite.
  init(_ network: BenchmarkNetwork, _ settings: [Setting], on device: Device) throws {
    self.network = network
    cases = try settings.map { setting in
      let backend = device.backend as? OpenCLBackend
      let before = backend?.allocatedBytes
      let trainer = try network.trainer(setting.optimization, on: device)
      let start = try trainer.snapshot()
      var finalLoss = Double.nan
      try network.takeSteps(trainer) { finalLoss = $0.last?.loss ?? finalLoss }
      return Case(
        tower: setting.name, height: setting.optimization.tower.height, trainer: trainer,
        start: start, finalLoss: finalLoss, deviceBytes: backend.map { $0.allocatedBytes - before! }
      )
    }
  }

  /// Times every tower once a round: what else the machine does then slows all of them alike.
  func run(rounds: Int) throws -> [Result] {
    let times = try (0..<rounds).map { _ in try round() }
    return cases.enumerated().map { index, `case` in
      Result(
        tower: `case`.tower, height: `case`.height, times: times.map { $0[index] },
        finalLoss: `case`.finalLoss, deviceBytes: `case`.deviceBytes)
    }
  }

  /// Times every tower once: milliseconds a step, in the order of the settings.
  func round() throws -> [Double] {
    try cases.map { `case` in
      let trainer = `case`.trainer
      try trainer.restore(`case`.start)
      try trainer.synchronize()
      let start = ContinuousClock.now
      try network.takeSteps(trainer)
      try trainer.synchronize()
      return (ContinuousClock.now - start).seconds * 1000 / Double(BenchmarkNetwork.steps)
    }
  }
}

extension [Double] {
  /// The middle value, or the mean of the middle two.
  var median: Double {
    let sorted = sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
