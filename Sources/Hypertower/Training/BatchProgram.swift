/// A program under construction that reads batches of a data set: its buffers, with the arrays
/// bound to them, and where the batch lies.
package struct BatchProgram {
  package var program = Program()
  /// The array of each buffer; nil for temporary ones.
  package private(set) var arrays: [(any DeviceArray)?] = []
  /// The features and targets of the batch, `[batch, features]` and the shape of the targets. Features of
  /// a data set on the device are in a temporary buffer.
  package let x: Span
  package var targets: Span {
    guard let ofBatch else { fatalError("BatchProgram: a program of inputs has no targets") }
    return ofBatch
  }
  private let ofBatch: Span?
  /// What sends the batches, where the data set is not on the device.
  package let stream: BatchStream?
  private let backend: any Backend

  /// - Parameters:
  ///   - data: the data set.
  ///   - batch: the number of rows of a batch of this program.
  ///   - stride: the number of samples from the start of one batch to the next.
  ///   - counter: the int32 that numbers the batches, with the seed behind it; see `BatchGather`.
  ///   - permutation: the order of the samples; nil: file order.
  ///   - fuses: whether operations are put together into launches; default: true.
  package init(
    _ data: DeviceDataset, batch: Int, stride: Int,
    counter: (array: any DeviceArray, offset: Int), permutation: IndexPermutation?,
    fuses: Bool = true, on backend: any Backend
  ) throws {
    self.backend = backend
    let dataset = data.dataset
    let targetWidth = data.targetShape(batch: 1).elementCount
    var program = Program()
    program.fuses = fuses
    var arrays: [(any DeviceArray)?] = []
    func bind(_ array: any DeviceArray, isSparse: Bool = false) -> Span {
      arrays.append(array)
      return Span(
        buffer: program.addBuffer(array.type, count: array.count, isSparse: isSparse))
    }
    let featureCount = batch * dataset.featureCount
    let targetArray = try backend.allocate(.real, count: batch * targetWidth)
    let targets = bind(targetArray)
    ofBatch = targets
    if let resident = data.resident {
      stream = nil
      x = Span(buffer: program.addTemporary(count: featureCount, isSparse: data.isSparse))
      arrays.append(nil)
      var features = bind(resident.features.array)
      var labels =
        resident.targets.array === resident.features.array
        ? features : bind(resident.targets.array)
      features.offset = resident.features.offset
      labels.offset = resident.targets.offset
      var counterSpan = bind(counter.array)
      counterSpan.offset = counter.offset
      program.instructions = [
        .gatherBatch(
          BatchGather(
            sources: [
              .init(
                from: features, type: resident.features.array.type, to: x,
                width: dataset.featureCount,
                divisor: resident.features.array.type == .byte ? 255 : 1),
              .init(
                from: labels, type: resident.targets.array.type, to: targets, width: targetWidth,
                divisor: 1),
            ],
            counter: counterSpan, batchSize: batch, stride: stride,
            batchesPerEpoch: (dataset.count + stride - 1) / stride, sampleCount: dataset.count,
            permutation: permutation))
      ]
    } else {
      let xArray = try backend.allocate(.real, count: featureCount)
      x = bind(xArray, isSparse: data.isSparse)
      stream = BatchStream(
        dataset: dataset, batch: batch, stride: stride, permutation: permutation, x: xArray,
        targets: targetArray)
    }
    self.program = program
    self.arrays = arrays
  }

  /// A program that reads its inputs from an array instead of a data set.
  package init(inputs: any DeviceArray, fuses: Bool = true, on backend: any Backend) {
    self.backend = backend
    program.fuses = fuses
    x = Span(buffer: program.addBuffer(inputs.type, count: inputs.count))
    arrays = [inputs]
    ofBatch = nil
    stream = nil
  }

  /// The start of `array` as a buffer of the program; an array is one buffer, however often it is
  /// bound.
  package mutating func bind(_ array: any DeviceArray) -> Span {
    if let known = arrays.firstIndex(where: { $0 === array }) { return Span(buffer: known) }
    arrays.append(array)
    return Span(buffer: program.addBuffer(array.type, count: array.count))
  }

  /// Compiles tensors recorded on one tape into the program.
  ///
  /// - Parameters:
  ///   - leaves: where leaves lie, by the tape's nodes.
  ///   - outputs: where results go.
  ///   - updates: results that take the place of leaves, when nothing reads those any more; default: none.
  ///   - counters: where the step's number and the seed of random numbers lie, as in
  ///     `TowerLayout.Counter`; default: there are no random numbers.
  package mutating func append(
    _ recorder: TapeRecorder, leaves: [(tensor: Tensor, span: Span)],
    outputs: [(tensor: Tensor, span: Span)], updates: [(tensor: Tensor, span: Span)] = [],
    counters: Span? = nil
  ) throws {
    var spans: [Int: Span] = [:]
    for (tensor, span) in leaves {
      if case .leaf(let number) = recorder.tape[tensor.index].operation { spans[number] = span }
    }
    func nodes(_ results: [(tensor: Tensor, span: Span)]) -> [(node: Tape.Index, span: Span)] {
      results.map {
        (node: recorder.adopt($0.tensor.index, from: $0.tensor.recorder), span: $0.span)
      }
    }
    let (outputs, updates) = (nodes(outputs), nodes(updates))
    let needed = recorder.tape.neededForValues(of: (outputs + updates).map(\.node))
    for (index, node) in recorder.tape.nodes.enumerated() where needed[index] {
      guard case .leaf(let number) = node.operation, spans[number] == nil else { continue }
      guard case .values(let values) = recorder.leaves[number] else {
        fatalError("BatchProgram: leaf \(number) has no values")
      }
      let constant = try backend.allocate(.real, count: values.count)
      try backend.write(.float32(values), to: constant, at: 0)
      spans[number] = bind(constant)
    }
    Lowering.lower(
      recorder.tape, leaves: spans, outputs: outputs, updates: updates, counters: counters,
      into: &program)
    while arrays.count < program.buffers.count { arrays.append(nil) }
  }
}
