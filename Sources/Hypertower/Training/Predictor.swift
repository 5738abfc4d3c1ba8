/// Computes a model's outputs, with the weights of a training state as evaluation sees them.
final class Predictor {
  private let model: any Module
  private let sampleShape: Shape
  /// The shapes of the further columns that are declared, without the axis of samples.
  private let columns: [String: Shape]
  private let state: TrainingState
  private let device: Device
  private var compiled: [Key: Compiled] = [:]

  private struct Key: Hashable {
    let count: Int
    /// In ascending order.
    let columns: [String]
  }

  private struct Compiled {
    let executable: any Executable
    let inputs: any DeviceArray
    /// An array for each column that the model asks for.
    let columns: [(String, any DeviceArray)]
    let outputs: any DeviceArray
  }

  init(
    _ model: some Module, sampleShape: Shape, columns: [String: Shape], state: TrainingState,
    on device: Device
  ) {
    self.model = model
    self.sampleShape = sampleShape
    self.columns = columns
    self.state = state
    self.device = device
  }

  /// The outputs for samples, one after another; what they need is compiled once for each number of samples.
  ///
  /// - Parameter columns: the elements of further columns, of which the model asks for some.
  func outputs(for inputs: [Float], columns: [String: [Float]]) throws -> [Double] {
    let size = sampleShape.elementCount
    require(
      !inputs.isEmpty && inputs.count.isMultiple(of: size),
      "outputs: \(inputs.count) numbers are no samples of \(sampleShape)")
    let count = inputs.count / size
    for (name, values) in columns {
      guard let shape = self.columns[name] else {
        fatalError(
          Columns.missing(name, among: self.columns.keys.sorted(), of: "Trainer(…, columns:)"))
      }
      require(
        values.count == count * shape.elementCount,
        "outputs: column '\(name)' has \(values.count) numbers for \(count) samples of \(shape)")
    }
    let own = try compiled(for: Key(count: count, columns: columns.keys.sorted()))
    try state.backend.write(.float32(inputs), to: own.inputs, at: 0)
    for (name, array) in own.columns {
      try state.backend.write(.float32(columns[name]!), to: array, at: 0)
    }
    try state.backend.run(own.executable)
    return try state.backend.read(0..<own.outputs.count, of: own.outputs).doubles
  }

  private func compiled(for key: Key) throws -> Compiled {
    if let known = compiled[key] { return known }
    let backend = state.backend
    let trace = ModelTrace(
      model, state.contents, inputShape: [key.count] + sampleShape,
      columns: key.columns.map { ($0, columns[$0]!) }, of: "outputs(for:columns:)",
      isTraining: false)
    let inputs = try backend.allocate(.real, count: trace.input.shape.elementCount)
    let outputs = try backend.allocate(.real, count: trace.output.shape.elementCount)
    let requested = trace.columns.requested
    let arrays = try requested.map { name in
      try backend.allocate(.real, count: trace.columns[name].shape.elementCount)
    }
    var program = BatchProgram(inputs: inputs, fuses: device.fuses, on: backend)
    let arena = program.bind(state.evaluatedWeights)
    let target = program.bind(outputs)
    var leaves = state.stateLeaves(trace, in: &program)
    leaves += zip(trace.parameterTensors, state.offsets).map {
      ($0, Span(buffer: arena.buffer, offset: $1))
    }
    leaves.append((trace.input, program.x))
    for (name, array) in zip(requested, arrays) {
      leaves.append((trace.columns[name], program.bind(array)))
    }
    try program.append(trace.output.recorder, leaves: leaves, outputs: [(trace.output, target)])
    let own = Compiled(
      executable: try backend.prepare(program.program, arrays: program.arrays), inputs: inputs,
      columns: Array(zip(requested, arrays)), outputs: outputs)
    compiled[key] = own
    return own
  }
}
