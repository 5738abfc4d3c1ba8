import Datasets
import Hypertower

/// The network and the data that steps are timed with.
struct BenchmarkNetwork {
  /// The number of steps between two returns to the initial state.
  ///
  /// Taller towers of Adam turn non-finite at step 46, in PyTorch too.
  static let steps = 40

  enum Loss: String, CaseIterable {
    case nll
    case mse
  }

  let network: NetworkDescription.Network
  let batchSize: Int
  /// Data in whole batches.
  let data: Dataset
  let description: String

  /// A dense network on MNIST in whole batches, for a regression with one output for each class.
  ///
  /// - Parameter hasZeros: whether pixels that are 0 stay so, and do not become 1/255; default: true.
  init(
    hidden: [Int], activation: Activation, loss: Loss, batchSize: Int, hasZeros: Bool = true
  ) throws {
    let train = try MNIST.embedded().train
    guard batchSize > 0, batchSize <= train.count else {
      throw Failure(
        .usage, "--batch-size \(batchSize) is out of range: it must lie in 1...\(train.count)")
    }
    let widths = [train.featureCount] + hidden + [10]
    self.batchSize = batchSize
    network = .init(
      module: DenseNetwork(
        widths: widths, activation: activation,
        outputActivation: loss == .mse ? .identity : activation, endsInLogSoftmax: loss == .nll),
      loss: loss == .mse ? .meanSquaredError : .negativeLogLikelihood, sampleShape: [widths[0]])
    var own = train.subset(0..<Swift.min(Self.steps, train.count / batchSize) * batchSize)
    if !hasZeros { own = own.withoutZeros() }
    data = loss == .mse ? own.withOneHotTargets() : own
    description =
      "\(widths.map(String.init).joined(separator: "–")), \(activation), \(loss), batch \(batchSize)"
      + (hasZeros ? "" : ", no zeros")
  }

  /// A model on made-up data.
  ///
  /// - Parameter sizes: what tells its sizes from the defaults, in words.
  init(_ choice: ModelChoice, sizes: String, batchSize: Int) throws {
    guard 1...65_536 ~= batchSize else {
      throw Failure(.usage, "--batch-size \(batchSize) is out of range: it must lie in 1...65536")
    }
    let samples = try MadeUpSamples(for: choice, count: Self.steps * batchSize)
    network = try NetworkDescription(choice: choice, input: samples.input).network()
    data = samples.data
    self.batchSize = batchSize
    description =
      "\(choice.kind)\(sizes), \(samples.description), batch \(batchSize)"
  }

  func trainer(_ optimization: Optimization, on device: Device) throws -> Trainer {
    try network.trainer(optimization, plannedSteps: Self.steps, on: device)
  }

  func takeSteps(_ trainer: Trainer, report: (([StepRecord]) throws -> Void)? = nil) throws {
    try trainer.train(
      on: data, batchSize: batchSize, steps: Self.steps, shuffled: false, report: report)
  }

  /// The inputs of the first batch, `[batch size, features]`.
  var firstBatch: [Float] { data.features(of: 0..<batchSize) }

  /// The matrix products of a step.
  func products(on device: Device) throws -> StepProducts {
    try network.products(on: data, batchSize: batchSize, device: device)
  }
}

extension Dataset {
  /// The same samples with 1/255 for features that are 0.
  fileprivate func withoutZeros() -> Dataset {
    let features: Features =
      switch self.features {
      case .bytes(let bytes): .bytes(bytes.map { $0 == 0 ? 1 : $0 })
      case .floats(let floats): .floats(floats.map { $0 == 0 ? 1 / 255 : $0 })
      case .windows, .mapped: self.features
      }
    return Dataset(
      count: count, featureCount: featureCount, features: features, targets: targets)
  }

  /// The same samples with a target value for each class: 1 for the sample's own, else 0.
  fileprivate func withOneHotTargets() -> Dataset {
    guard case .classes(let labels, let classCount) = targets else { return self }
    let values = labels.flatMap { label in (0..<classCount).map { $0 == Int(label) ? Float(1) : 0 }
    }
    return Dataset(
      count: count, featureCount: featureCount, features: features,
      targets: .values(values, width: classCount))
  }
}
