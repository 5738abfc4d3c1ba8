/// Measures a model's loss and metrics over a data set, with the weights of a training state.
final class Evaluator {
  /// The greatest number of samples in one replay; of images and sequences, of which models keep more
  /// numbers at a time, fewer.
  private func chunk(_ data: Dataset) -> Int {
    switch data.targets {
    case .nextTokens: 50
    case .classes, .values, .mappedClasses, .mappedValues: sampleShape.count > 1 ? 100 : 1000
    }
  }

  private let model: any Module
  private let lossFunction: Loss
  private let sampleShape: Shape
  private let columns: [String: Shape]
  private let state: TrainingState
  private let counter: any DeviceArray
  private var prepared: Prepared?
  private let device: Device
  /// What computes outputs with the same weights.
  private(set) lazy var predictor = predictor(of: model, sampleShape: sampleShape)

  /// What computes the outputs of a part of the model with the same weights.
  func predictor(of part: some Module, sampleShape: Shape) -> Predictor {
    Predictor(part, sampleShape: sampleShape, columns: columns, state: state, on: device)
  }

  private struct ChunkKey: Hashable {
    let batch: Int
    let result: ResultKey
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

    /// Forgets what was compiled, and with it the metrics that results are told apart by.
    mutating func forget() {
      programs.removeAll()
      results.removeAll()
    }
  }

  /// The most programs that are kept for a data set.
  private static let mostPrograms = 16

  private struct ResultKey: Hashable {
    let weights: Weights
    let checksProducts: Bool
    let metrics: [Metric.Key]
  }

  private struct CompiledChunk {
    let executable: any Executable
    let stream: BatchStream?
    /// The sum of the losses, then those of each metric, then that of the samples' weights where the loss does not
    /// count all alike, over the samples so far.
    let totals: any DeviceArray
    /// The shapes of the metrics' sums.
    let shapes: [Shape]
    /// Keeps what tells them from others.
    let metrics: [Metric]
  }

  init(
    _ model: some Module, loss: Loss, sampleShape: Shape, columns: [String: Shape],
    state: TrainingState, on device: Device
  ) throws {
    self.sampleShape = sampleShape
    self.columns = columns
    self.device = device
    self.model = model
    lossFunction = loss
    self.state = state
    counter = try state.backend.allocate(.int32, count: 1)
  }

  /// The result over all samples of `data`, which must not be empty: that of before, if the weights are
  /// those of before.
  ///
  /// - Parameters:
  ///   - metrics: what is measured beside the loss and, for classes, the accuracy; default: nothing.
  ///   - weights: default: the average, if one is kept.
  ///   - checksProducts: whether the loss is NaN if an element of a matrix product is not finite, which
  ///     an activation such as tanh would hide; default: false.
  func evaluate(
    _ data: Dataset, metrics: [Metric] = [], weights: Weights = .average,
    checksProducts: Bool = false
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
    let all = (data.hasClasses ? [.accuracy] : []) + metrics
    let key = ResultKey(
      weights: weights, checksProducts: checksProducts, metrics: all.map(\.key))
    if let known = prepared!.results[key] { return known }
    let size = chunk(data)
    let rest = data.count % size
    if prepared!.programs.count >= Self.mostPrograms { prepared!.forget() }
    var last: CompiledChunk?
    if rest > 0 {
      last = try program(resident, ChunkKey(batch: rest, result: key), all, beside: nil)
    }
    let whole =
      data.count < size
      ? last! : try program(resident, ChunkKey(batch: size, result: key), all, beside: last)
    try backend.write(.int32([0]), to: counter, at: 0)
    try backend.write(
      .float32([Float](repeating: 0, count: whole.totals.count)), to: whole.totals, at: 0)
    let chunks = (data.count + size - 1) / size
    let order = BatchOrder(
      sampleCount: data.count, stride: size, permutation: nil, seed: 0, end: chunks)
    for number in 0..<chunks {
      let chunk = data.count - number * size < size ? last! : whole
      _ = try chunk.stream?.bring(number, atMost: 1, order)
      try backend.run(chunk.executable)
    }
    let totals = try backend.read(0..<whole.totals.count, of: whole.totals).doubles
    var values = Self.values(of: all, whole.shapes, Array(totals.dropFirst()), samples: data.count)
    let weight = lossFunction.weight == nil ? Double(data.count) : totals[totals.count - 1]
    let accuracy = data.hasClasses ? values.removeFirst().number : nil
    let result = Evaluation(
      loss: totals[0] / weight, accuracyPercent: accuracy, metrics: values)
    prepared!.results[key] = result
    return result
  }

  private static func values(
    of metrics: [Metric], _ shapes: [Shape], _ sums: [Double], samples: Int
  ) -> [Metric.Value] {
    var rest = sums[...]
    return zip(metrics, shapes).map { metric, shape in
      let own = Array(rest.prefix(shape.elementCount))
      rest = rest.dropFirst(shape.elementCount)
      let elements = metric.result(own, samples)
      let wanted = metric.shape ?? shape
      return Metric.Value(
        name: metric.name,
        shape: wanted.elementCount == elements.count ? wanted : [elements.count],
        elements: elements)
    }
  }

  /// - Parameter other: what adds to the same totals; nil: nothing.
  private func program(
    _ data: DeviceDataset, _ key: ChunkKey, _ metrics: [Metric], beside other: CompiledChunk?
  ) throws -> CompiledChunk {
    if let known = prepared?.programs[key] { return known }
    let batch = key.batch
    let trace = ModelTrace(
      model, state.contents, inputShape: data.inputShape(batch: batch, sampleShape),
      columns: data.columnShapes(declared: columns), isTraining: false)
    let recorder = trace.output.recorder
    let targets = Tensor(
      recorder,
      recorder.leaf(.input(name: "targets"), shape: data.targetShape(batch: batch)))
    data.requireClasses(fit: trace.output.shape)
    let weight = lossFunction.weight?(trace.output, targets)
    var loss =
      lossFunction(trace.output, targets, trace.columns) * (weight ?? .constant(Double(batch)))
    // Where nothing counts, the mean is 0 / 0.
    if let weight { loss = .select(weight.isEqual(to: 0), 0, loss) }
    if key.result.checksProducts {
      // 0 for finite numbers, which leaves the loss as it is, and NaN for others.
      for product in trace.products { loss = loss + (product * 0).sum() }
    }
    let sums =
      [loss.reshaped([])] + metrics.map { $0.sums(trace.output, targets, trace.columns) }
      + [weight?.reshaped([])].compactMap { $0 }
    let shapes = sums.dropFirst().prefix(metrics.count).map(\.shape)
    for (number, metric) in metrics.enumerated() {
      require(
        other.map { $0.shapes[number] == shapes[number] } ?? true,
        "Metric: the sums of \(metric.name) have shape \(shapes[number]) for \(batch) samples, and "
          + "\(other?.shapes[number] ?? []) for others: they must not depend on the number of samples"
      )
    }
    let totals =
      try other?.totals
      ?? state.backend.allocate(.real, count: sums.reduce(0) { $0 + $1.shape.elementCount })

    var program = try BatchProgram(
      data, columns: trace.columns.requested, batch: batch, stride: chunk(data.dataset),
      counter: (counter, 0), permutation: nil, fuses: device.fuses, on: state.backend)
    let arena = program.bind(
      key.result.weights == .average ? state.evaluatedWeights : state.arena)
    var span = program.bind(totals)
    var spans: [Span] = []
    for sum in sums {
      spans.append(span)
      span = span.advanced(by: sum.shape.elementCount)
    }
    let before = sums.map {
      Tensor(recorder, recorder.leaf(.input(name: "totals"), shape: $0.shape))
    }
    var leaves = zip(trace.parameterTensors, state.offsets).map {
      (tensor: $0, span: Span(buffer: arena.buffer, offset: $1))
    }
    leaves += state.stateLeaves(trace, in: &program)
    leaves += [(trace.input, program.x), (targets, program.targets)]
    leaves += program.columns.map { (trace.columns[$0.name], $0.span) }
    leaves += zip(before, spans).map { ($0, $1) }
    try program.append(
      recorder, leaves: leaves,
      outputs: zip(zip(before, sums).map { $0 + $1 }, spans).map { (tensor: $0, span: $1) })
    let counterSpan = program.bind(counter)
    program.program.instructions.append(.increment(counterSpan))
    let chunk = CompiledChunk(
      executable: try state.backend.prepare(program.program, arrays: program.arrays),
      stream: program.stream, totals: totals, shapes: shapes,
      metrics: metrics)
    prepared?.programs[key] = chunk
    return chunk
  }
}
