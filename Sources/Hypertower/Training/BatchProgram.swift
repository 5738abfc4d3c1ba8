/// A program under construction that reads batches of a data set: its buffers, with the arrays
/// bound to them, and where the batch lies.
package struct BatchProgram {
  package var program = Program()
  /// The array of each buffer; nil for temporary ones.
  package private(set) var arrays: [(any DeviceArray)?] = []
  /// The features of the batch, `[batch, features]`, in a temporary buffer.
  package private(set) var x = Span(buffer: 0)
  /// The targets of the batch, in their shape.
  package var targets: Span {
    guard let ofBatch else { fatalError("BatchProgram: a program of inputs has no targets") }
    return ofBatch
  }
  private var ofBatch: Span?
  /// Those of the further columns that were asked for, in temporary buffers.
  private(set) var columns: [(name: String, span: Span)] = []
  /// What sends the batches, where the data set is not on the device.
  package let stream: BatchStream?
  private let backend: any Backend

  /// - Parameters:
  ///   - data: the data set.
  ///   - columns: the names of the further columns that the batch has; default: none.
  ///   - batch: the number of rows of a batch of this program.
  ///   - stride: the number of samples from the start of one batch to the next.
  ///   - counter: the int32 that numbers the batches, with the seed behind it; see `BatchGather`.
  ///   - permutation: the order of the samples; nil: file order.
  ///   - fuses: whether operations are put together into launches; default: true.
  package init(
    _ data: DeviceDataset, columns names: [String] = [], batch: Int, stride: Int,
    counter: (array: any DeviceArray, offset: Int), permutation: IndexPermutation?,
    fuses: Bool = true, on backend: any Backend
  ) throws {
    self.backend = backend
    let all = data.dataset.columns
    let further = names.map { name in 2 + all.firstIndex { $0.name == name }! }
    let numbers = [0, 1] + further
    let fields = numbers.map { data.fields[$0] }
    stream = data.resident == nil ? try data.stream(numbers, stride: stride) : nil
    program.fuses = fuses
    let targets = bind(try backend.allocate(.real, count: batch * fields[1].width))
    ofBatch = targets
    x = addTemporary(count: batch * fields[0].width, isSparse: data.isSparse)
    columns = zip(names, fields.dropFirst(2)).map { name, rows in
      (name, addTemporary(count: batch * rows.width))
    }
    let sources = zip(fields.indices, [x, targets] + columns.map(\.span)).map { field, target in
      let place =
        data.resident?[numbers[field]] ?? DeviceDataset.Place(array: stream!.arrays[field])
      return BatchGather.Source(
        from: bind(place.array).advanced(by: place.offset), type: place.array.type, to: target,
        width: fields[field].width, divisor: fields[field].divisor,
        epochOffset: stream == nil && permutation != nil ? fields[field].epochOffset : nil)
    }
    let count = data.dataset.count
    program.instructions = [
      .gatherBatch(
        BatchGather(
          sources: sources, counter: bind(counter.array).advanced(by: counter.offset),
          batchSize: batch, stride: stride,
          batchesPerEpoch: stream?.slots ?? (count + stride - 1) / stride,
          sampleCount: stream.map { $0.slots * stride } ?? count,
          permutation: stream == nil ? permutation : nil))
    ]
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

  private mutating func addTemporary(count: Int, isSparse: Bool = false) -> Span {
    arrays.append(nil)
    return Span(buffer: program.addTemporary(count: count, isSparse: isSparse))
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
