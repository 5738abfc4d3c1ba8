import Datasets
import Hypertower

/// Times a training step of the paper's network under towers of several heights.
struct StepBenchmark {
  static let batchSize = 300
  /// Taller towers of Adam turn non-finite at step 46, in PyTorch too.
  static let steps = 40

  /// Milliseconds a step, over all rounds, and where the steps lead.
  struct Result {
    let tower: String
    let height: Int
    let median: Double
    let fastest: Double
    let slowest: Double
    let finalLoss: Double
  }

  private struct Case {
    let tower: String
    let height: Int
    let trainer: Trainer
    let start: Trainer.Snapshot
    let finalLoss: Double
  }

  private let data: Dataset
  private let cases: [Case]

  /// Prepares all towers; each takes the steps once, which builds its kernels.
  ///
  /// - Throws: `DivergenceError` if a loss is not finite.
  init(heights: [Int], on device: Device) throws {
    let data = try MNIST.embedded().train.prefix(Self.steps * Self.batchSize)
    self.data = data
    cases = try ["sgd", "adam"].flatMap { name in
      try heights.map { height in
        let rule: any Optimizer = name == "sgd" ? SGD(0.01) : Adam(1e-7)
        let tower = Tower(Array(repeating: rule.levels[0], count: height + 1))
        let trainer = try Trainer(
          DenseNetwork(widths: [784, 128, 10]), loss: .negativeLogLikelihood, optimizer: tower,
          on: device)
        let start = try trainer.snapshot()
        var finalLoss = Double.nan
        try Self.takeSteps(trainer, data) { finalLoss = $0.last?.loss ?? finalLoss }
        return Case(
          tower: name, height: height, trainer: trainer, start: start, finalLoss: finalLoss)
      }
    }
  }

  /// Times every tower once a round: what else the machine does then slows all of them alike.
  func run(rounds: Int) throws -> [Result] {
    var times = cases.map { _ in [Double]() }
    for _ in 0..<rounds {
      for (index, `case`) in cases.enumerated() {
        let trainer = `case`.trainer
        try trainer.restore(`case`.start)
        try trainer.synchronize()
        let start = ContinuousClock.now
        try Self.takeSteps(trainer, data, report: nil)
        try trainer.synchronize()
        let elapsed = (ContinuousClock.now - start).seconds
        times[index].append(elapsed * 1000 / Double(Self.steps))
      }
    }
    return zip(cases, times).map { `case`, times in
      let sorted = times.sorted()
      let middle = sorted.count / 2
      let median =
        sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
      return Result(
        tower: `case`.tower, height: `case`.height, median: median, fastest: sorted[0],
        slowest: sorted[sorted.count - 1], finalLoss: `case`.finalLoss)
    }
  }

  private static func takeSteps(
    _ trainer: Trainer, _ data: Dataset, report: (([StepRecord]) throws -> Void)?
  ) throws {
    try trainer.train(
      on: data, batchSize: batchSize, steps: steps, shuffled: false, report: report)
  }
}

extension Dataset {
  /// The first `count` samples.
  fileprivate func prefix(_ count: Int) -> Dataset {
    let features: Features =
      switch self.features {
      case .bytes(let bytes): .bytes(Array(bytes.prefix(count * featureCount)))
      case .floats(let floats): .floats(Array(floats.prefix(count * featureCount)))
      }
    let targets: Targets =
      switch self.targets {
      case .classes(let labels, let classCount):
        .classes(Array(labels.prefix(count)), classCount: classCount)
      case .values(let values, let width):
        .values(Array(values.prefix(count * width)), width: width)
      }
    return Dataset(
      count: min(count, self.count), featureCount: featureCount, features: features,
      targets: targets)
  }
}
