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
    /// Whether the outputs at one place alone are wanted.
    let hasPlace: Bool
    /// In ascending order.
    let columns: [String]
  }

  private struct Compiled {
    let executable: any Executable
    let inputs: any DeviceArray
    /// An array for each column that the model asks for.
    let columns: [(String, any DeviceArray)]
    /// The index of the place, if there is one.
    let place: (any DeviceArray)?
    /// The model's output.
    let shape: Shape
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
  /// - Parameters:
  ///   - columns: the elements of further columns, of which the model asks for some.
  ///   - place: the index along the first axis after that of samples whose outputs are wanted; nil: all.
  func outputs(
    for inputs: [Float], columns: [String: [Float]], at place: Int?
  ) throws -> [Double] {
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
    let own = try compiled(
      for: Key(count: count, hasPlace: place != nil, columns: columns.keys.sorted()))
    try state.backend.write(.float32(inputs), to: own.inputs, at: 0)
    for (name, array) in own.columns {
      try state.backend.write(.float32(columns[name]!), to: array, at: 0)
    }
    if let place, let array = own.place {
      require(
        0..<own.shape[1] ~= place,
        "outputs: the model's output \(own.shape) has no place \(place) along its second axis")
      try state.backend.write(.float32([Float(place)]), to: array, at: 0)
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
    let recorder = trace.output.recorder
    var output = trace.output
    let place = Tensor(recorder, recorder.leaf(.input(name: "place"), shape: [1]))
    if key.hasPlace {
      require(
        output.shape.count >= 2,
        "outputs: the model's output \(output.shape) has no second axis to take a place of")
      output = output.gather(place, axis: 1)
    }
    let inputs = try backend.allocate(.real, count: trace.input.shape.elementCount)
    let outputs = try backend.allocate(.real, count: output.shape.elementCount)
    let placeArray = key.hasPlace ? try backend.allocate(.real, count: 1) : nil
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
    if let placeArray { leaves.append((place, program.bind(placeArray))) }
    try program.append(recorder, leaves: leaves, outputs: [(output, target)])
    let own = Compiled(
      executable: try backend.prepare(program.program, arrays: program.arrays), inputs: inputs,
      columns: Array(zip(requested, arrays)), place: placeArray, shape: trace.output.shape,
      outputs: outputs)
    compiled[key] = own
    return own
  }
}
