/// Computes a model's outputs, with the weights of a training state as evaluation sees them.
final class Predictor {
  private let model: any Module
  private let sampleShape: Shape
  private let state: TrainingState
  private let device: Device
  private var compiled: [Int: Compiled] = [:]

  private struct Compiled {
    let executable: any Executable
    let inputs: any DeviceArray
    let outputs: any DeviceArray
  }

  init(_ model: some Module, sampleShape: Shape, state: TrainingState, on device: Device) {
    self.model = model
    self.sampleShape = sampleShape
    self.state = state
    self.device = device
  }

  /// The outputs for samples, one after another; what they need is compiled once for each number of samples.
  func outputs(for inputs: [Float]) throws -> [Double] {
    let size = sampleShape.elementCount
    require(
      !inputs.isEmpty && inputs.count.isMultiple(of: size),
      "outputs: \(inputs.count) numbers are no samples of \(sampleShape)")
    let own = try compiled(for: inputs.count / size)
    try state.backend.write(.float32(inputs), to: own.inputs, at: 0)
    try state.backend.run(own.executable)
    return try state.backend.read(0..<own.outputs.count, of: own.outputs).doubles
  }

  private func compiled(for count: Int) throws -> Compiled {
    if let known = compiled[count] { return known }
    let backend = state.backend
    let trace = ModelTrace(
      model, state.contents, inputShape: [count] + sampleShape, isTraining: false)
    let inputs = try backend.allocate(.real, count: trace.input.shape.elementCount)
    let outputs = try backend.allocate(.real, count: trace.output.shape.elementCount)
    var program = BatchProgram(inputs: inputs, fuses: device.fuses, on: backend)
    let arena = program.bind(state.evaluatedWeights)
    let target = program.bind(outputs)
    try program.append(
      trace.output.recorder,
      leaves: zip(trace.parameterTensors, state.layout.parameters.entries).map {
        ($0, Span(buffer: arena.buffer, offset: $1.offset))
      } + state.stateLeaves(trace, in: &program) + [(trace.input, program.x)],
      outputs: [(trace.output, target)])
    let own = Compiled(
      executable: try backend.prepare(program.program, arrays: program.arrays), inputs: inputs,
      outputs: outputs)
    compiled[count] = own
    return own
  }
}
