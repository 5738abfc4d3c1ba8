/// Measures a model's loss and accuracy over a data set, with the weights of a training state.
final class Evaluator {
  /// The greatest number of samples in one replay; of images and sequences, of which models keep more
  /// numbers at a time, fewer.
  private func chunk(_ data: Dataset) -> Int {
    switch data.targets {
    case .nextTokens: 50
    case .classes, .values: sampleShape.count > 1 ? 100 : 1000
    }
  }

  private let model: any Module
  private let lossFunction: Loss
  private let sampleShape: Shape
  private let state: TrainingState
  private let counter: any DeviceArray
  /// The number of right answers and the sum of the losses, each over the samples so far.
  private let totals: any DeviceArray
  private var prepared: Prepared?
  private let device: Device
  /// What computes outputs with the same weights.
  private(set) lazy var predictor = Predictor(
    model, sampleShape: sampleShape, state: state, on: device)

  private struct ChunkKey: Hashable {
    let batch: Int
    let weights: Weights
    let checksProducts: Bool
  }

  /// Which weights are evaluated.
  enum Weights: Hashable {
    /// Their average, if one is kept.
    case average
    /// Those of the last step.
    case last
  }

  /// The data set that was evaluated last, with the programs and results for it.
  private struct Prepared {
    let data: DeviceDataset
    var programs: [ChunkKey: CompiledChunk] = [:]
    /// Of these weights alone; see `TrainingState.revision`.
    var results: [ResultKey: Evaluation] = [:]
    var revision: Int
  }

  private struct ResultKey: Hashable {
    let weights: Weights
    let checksProducts: Bool
  }

  private struct CompiledChunk {
    let executable: any Executable
    let stream: BatchStream?
  }

  init(
    _ model: some Module, loss: Loss, sampleShape: Shape, state: TrainingState, on device: Device
  ) throws {
    self.sampleShape = sampleShape
    self.device = device
    self.model = model
    lossFunction = loss
    self.state = state
    counter = try state.backend.allocate(.int32, count: 1)
    totals = try state.backend.allocate(.real, count: 2)
  }

  /// The result over all samples of `data`, which must not be empty: that of before, if the weights are
  /// those of before.
  ///
  /// - Parameters:
  ///   - weights: default: the average, if one is kept.
  ///   - checksProducts: whether the loss is NaN if an element of a matrix product is not finite, which
  ///     an activation such as tanh would hide; default: false.
  func evaluate(
    _ data: Dataset, weights: Weights = .average, checksProducts: Bool = false
  ) throws -> Evaluation {
    require(data.count > 0, "evaluate: the data set is empty")
    let backend = state.backend
    let resident: DeviceDataset
    if let prepared, prepared.data.dataset.identity === data.identity {
      resident = prepared.data
    } else {
      resident = try DeviceDataset(data, on: backend, limit: device.residentLimit)
      prepared = Prepared(data: resident, revision: state.revision)
    }
    if prepared!.revision != state.revision {
      prepared!.results.removeAll()
      prepared!.revision = state.revision
    }
    let key = ResultKey(weights: weights, checksProducts: checksProducts)
    if let known = prepared!.results[key] { return known }
    try backend.write(.int32([0]), to: counter, at: 0)
    try backend.write(.float32([0, 0]), to: totals, at: 0)
    let size = chunk(data)
    for start in stride(from: 0, to: data.count, by: size) {
      let chunk = try program(
        resident,
        ChunkKey(
          batch: Swift.min(size, data.count - start), weights: weights,
          checksProducts: checksProducts))
      try chunk.stream?.send(start / size, seed: 0, on: backend)
      try backend.run(chunk.executable)
    }
    let totals = try backend.read(0..<2, of: totals).doubles
    let result = Evaluation(
      loss: totals[1] / Double(data.count),
      accuracyPercent: data.hasClasses
        ? 100 * totals[0] / Double(data.count * data.targetCount) : nil)
    prepared!.results[key] = result
    return result
  }

  private func program(_ data: DeviceDataset, _ key: ChunkKey) throws -> CompiledChunk {
    if let known = prepared?.programs[key] { return known }
    let batch = key.batch
    var program = try BatchProgram(
      data, batch: batch, stride: chunk(data.dataset), counter: (counter, 0), permutation: nil,
      fuses: device.fuses, on: state.backend)
    let trace = ModelTrace(
      model, state.contents, inputShape: data.inputShape(batch: batch, sampleShape),
      isTraining: false)
    let recorder = trace.output.recorder
    let targets = Tensor(
      recorder,
      recorder.leaf(.input(name: "targets"), shape: data.targetShape(batch: batch)))
    data.requireClasses(fit: trace.output.shape)
    func previous(_ name: String) -> Tensor {
      Tensor(recorder, recorder.leaf(.input(name: name), shape: []))
    }
    let (previousRight, previousLoss) = (previous("right"), previous("loss"))
    var loss = previousLoss + lossFunction(trace.output, targets) * .constant(Double(batch))
    if key.checksProducts {
      // 0 for finite numbers, which leaves the loss as it is, and NaN for others.
      for product in trace.products { loss = loss + (product * 0).sum() }
    }
    let right =
      data.dataset.hasClasses
      ? previousRight
        + trace.output.argmax(trace.output.shape.count - 1, keepingAxes: true)
        .isEqual(to: targets.reshaped(targets.shape + [1])).sum()
      : previousRight

    let arena = program.bind(
      key.weights == .average ? state.evaluatedWeights : state.arena)
    let rightSpan = program.bind(totals)
    let lossSpan = Span(buffer: rightSpan.buffer, offset: 1)
    try program.append(
      recorder,
      leaves: zip(trace.parameterTensors, state.layout.parameters.entries).map {
        ($0, Span(buffer: arena.buffer, offset: $1.offset))
      } + state.stateLeaves(trace, in: &program) + [
        (trace.input, program.x), (targets, program.targets), (previousRight, rightSpan),
        (previousLoss, lossSpan),
      ],
      outputs: [(right, rightSpan), (loss, lossSpan)])
    let counterSpan = program.bind(counter)
    program.program.instructions.append(.increment(counterSpan))
    let chunk = CompiledChunk(
      executable: try state.backend.prepare(program.program, arrays: program.arrays),
      stream: program.stream)
    prepared?.programs[key] = chunk
    return chunk
  }
}
