/// Tensors compiled as one program, which computes them as often as asked, each time from other inputs.
///
/// What changes from call to call, such as weights, stays on the device. That is all a training loop needs:
///
/// ```swift
/// let (x, labels) = (Tensor.input("x", shape: [100, 784]), Tensor.input("labels", shape: [100]))
/// let loss = Loss.crossEntropy(model(x), labels)
/// let weights = model.parameters.map(\.tensor)
/// let updates = zip(weights, gradients(of: loss, withRespectTo: weights))
///   .map { (variable: $0, value: $0 - 0.1 * $1) }
/// let step = try TensorProgram([loss], of: [x, labels], updating: updates, on: device)
/// print(try step([pixels, classes])[0])
/// ```
///
/// `print(step)` shows the tape and the program.
public final class TensorProgram {
  /// Memory of a parameter or a state.
  private struct Variable {
    let shape: Shape
    /// What it is in even and, if calls change it, in odd runs.
    let arrays: [any DeviceArray]
  }

  let recorder: TapeRecorder
  /// What is computed, on the recorder's tape.
  let results: [Tape.Index]
  let program: Program
  private let backend: any Backend
  private let executable: any Executable
  private let inputs: [any DeviceArray]
  private let outputs: [any DeviceArray]
  private let variables: [ObjectIdentifier: Variable]
  private let isUpdating: Bool
  private var runCount = 0

  /// Compiles tensors.
  ///
  /// - Parameters:
  ///   - outputs: what a call returns.
  ///   - inputs: what a call is given values for, made by `Tensor.input(_:shape:)`; default: nothing.
  ///   - updates: parameters or states, and what they are after a call; default: none change. Parameters begin with
  ///     drawn values: listed in the order of `Module.parameters`, with those that a `Trainer` of the same seed draws.
  ///   - device: where the tensors are computed; default: the CPU backend.
  ///   - seed: what parameters and random numbers are drawn from; default: 0.
  /// - Precondition: all inputs that the tensors depend on are listed, and each update is of its variable's shape.
  /// - Throws: what the device reports.
  public convenience init(
    _ outputs: [Tensor], of inputs: [Tensor] = [],
    updating updates: [(variable: Tensor, value: Tensor)] = [], on device: Device = .cpu,
    seed: UInt64 = 0
  ) throws {
    try self.init(
      outputs, of: inputs, updating: updates, seed: seed, fuses: device.fuses, on: device.backend)
  }

  /// - Parameter fuses: whether operations are put together into launches.
  init(
    _ outputs: [Tensor], of inputs: [Tensor],
    updating updates: [(variable: Tensor, value: Tensor)], seed: UInt64, fuses: Bool,
    on backend: any Backend
  ) throws {
    for (variable, value) in updates {
      require(
        variable.parameterDeclaration != nil && variable.shape == value.shape,
        "TensorProgram: \(variable.shape) cannot become \(value.shape): a parameter or state and a value of its "
          + "shape are needed")
    }
    let recorder = TapeRecorder()
    func node(_ tensor: Tensor) -> Tape.Index {
      recorder.adopt(tensor.index, from: tensor.recorder)
    }
    // Variables first: their numbers say which first values they are drawn.
    let variableNodes = updates.map { node($0.variable) }
    require(
      Set(variableNodes).count == updates.count, "TensorProgram: a variable is updated twice")
    let inputNodes = inputs.map(node)
    let results = (outputs + updates.map(\.value)).map(node)

    var builder = Builder(backend, fuses: fuses)
    let given = try inputs.map { try builder.add(count: $0.shape.elementCount) }
    var leaves: [Int: Span] = [:]
    for (input, own) in zip(inputNodes, given) {
      guard case .leaf(let number) = recorder.tape[input].operation,
        case .input = recorder.leaves[number]
      else { fatalError("TensorProgram: an input is not made by Tensor.input") }
      leaves[number] = own.span
    }
    var variables: [ObjectIdentifier: Variable] = [:]
    var nextSpans: [Span] = []
    for (number, node) in recorder.tape.nodes.enumerated() {
      guard case .leaf(let leaf) = node.operation, leaves[leaf] == nil else { continue }
      switch recorder.leaves[leaf] {
      case .values(let values):
        let constant = try builder.add(count: values.count)
        leaves[leaf] = constant.span
        try backend.write(.float32(values), to: constant.array, at: 0)
      case .input(let name):
        fatalError("TensorProgram: '\(name)' is not among the inputs")
      case .parameter(let declaration):
        let now = try backend.allocate(.real, count: declaration.shape.elementCount)
        let drawn = declaration.initializer.values(
          count: now.count, seed: seed, stream: UInt32(variables.count))
        try backend.write(.float32(drawn), to: now, at: 0)
        var arrays = [now]
        if variableNodes.contains(number) {
          arrays.append(try backend.allocate(.real, count: now.count))
          nextSpans.append(builder.bind(arrays.reversed()))
        }
        leaves[leaf] = builder.bind(arrays)
        variables[ObjectIdentifier(declaration)] = Variable(
          shape: declaration.shape, arrays: arrays)
      }
    }
    let returned = try outputs.map { try builder.add(count: $0.shape.elementCount) }
    try builder.lower(
      recorder.tape, leaves: leaves,
      outputs: zip(results, returned.map(\.span) + nextSpans).map { (node: $0, span: $1) },
      seed: seed)

    (self.recorder, self.results, program) = (recorder, results, builder.program)
    (self.backend, self.variables) = (backend, variables)
    isUpdating = !updates.isEmpty
    self.inputs = given.map(\.array)
    self.outputs = returned.map(\.array)
    executable = try backend.prepare(
      builder.program, alternatives: isUpdating ? builder.arrays : [builder.arrays[0]])
  }

  /// Computes the outputs, and then changes what is updated.
  ///
  /// - Parameter values: the elements of each input, the last axis running fastest; default: none.
  /// - Returns: the elements of each output, computed from what variables were before the call.
  /// - Precondition: there are as many values as the inputs have elements.
  /// - Throws: what the device reports.
  public func callAsFunction(_ values: [[Float]] = []) throws -> [[Float]] {
    try run(values).map(\.floats)
  }

  /// The same in the device's precision.
  func run(_ values: [[Float]] = []) throws -> [HostArray] {
    require(
      values.map(\.count) == inputs.map(\.count),
      "TensorProgram: \(values.map(\.count)) values for inputs of \(inputs.map(\.count))")
    for (array, own) in zip(inputs, values) { try backend.write(.float32(own), to: array, at: 0) }
    try backend.run(executable, from: isUpdating ? runCount % 2 : 0, count: 1)
    runCount += 1
    return try outputs.map { try backend.read(0..<$0.count, of: $0) }
  }

  /// What a parameter or state is now, the last axis running fastest.
  ///
  /// - Precondition: the outputs or updates depend on it.
  /// - Throws: what the device reports.
  public func values(of variable: Tensor) throws -> [Float] {
    let array = array(of: variable)
    return try backend.read(0..<array.count, of: array).floats
  }

  /// Changes a parameter or state.
  ///
  /// - Parameters:
  ///   - variable: one that the outputs or updates depend on.
  ///   - values: its elements, the last axis running fastest.
  /// - Throws: what the device reports.
  public func set(_ variable: Tensor, to values: [Float]) throws {
    let array = array(of: variable)
    require(
      values.count == array.count, "set: \(values.count) values for \(variable.shape)")
    try backend.write(.float32(values), to: array, at: 0)
  }

  private func array(of variable: Tensor) -> any DeviceArray {
    guard let declaration = variable.parameterDeclaration,
      let own = variables[ObjectIdentifier(declaration)]
    else { fatalError("TensorProgram: \(variable.shape) is no parameter or state of it") }
    return own.arrays[runCount % own.arrays.count]
  }
}

extension Tensor {
  /// A tensor whose values a `TensorProgram` is given at each call, such as a batch.
  ///
  /// - Parameters:
  ///   - name: what messages and printed tapes call it.
  ///   - shape: its extents.
  public static func input(_ name: String, shape: Shape) -> Tensor {
    require(shape.allSatisfy { $0 >= 0 }, "input: \(shape) has a negative extent")
    let recorder = TapeRecorder()
    return Tensor(recorder, recorder.leaf(.input(name: name), shape: shape))
  }
}

/// A program under construction, with the arrays of its buffers in even and in odd runs.
private struct Builder {
  private(set) var program = Program()
  private(set) var arrays: [[(any DeviceArray)?]] = [[], []]
  private let backend: any Backend

  init(_ backend: any Backend, fuses: Bool) {
    self.backend = backend
    program.fuses = fuses
  }

  /// A buffer with an array of its own.
  mutating func add(
    _ type: ElementType = .real, count: Int
  ) throws -> (array: any DeviceArray, span: Span) {
    let array = try backend.allocate(type, count: count)
    return (array, bind([array]))
  }

  /// A buffer that is one array in all runs, or one in even and another in odd runs.
  mutating func bind(_ alternatives: [any DeviceArray]) -> Span {
    for number in arrays.indices {
      arrays[number].append(alternatives[number % alternatives.count])
    }
    return Span(
      buffer: program.addBuffer(alternatives[0].type, count: alternatives[0].count))
  }

  /// Appends the instructions that compute `outputs`.
  mutating func lower(
    _ tape: Tape, leaves: [Int: Span], outputs: [(node: Tape.Index, span: Span)], seed: UInt64
  ) throws {
    var counters: Span?
    let drawsNumbers = tape.nodes.contains {
      if case .random = $0.operation { true } else { false }
    }
    if drawsNumbers {
      let own = try add(.int32, count: TowerLayout.Counter.count)
      let halves = [seed, seed >> 32].map { Int32(truncatingIfNeeded: $0) }
      try backend.write(.int32(halves), to: own.array, at: TowerLayout.Counter.seed)
      counters = own.span
    }
    Lowering.lower(tape, leaves: leaves, outputs: outputs, counters: counters, into: &program)
    if let counters {
      program.instructions.append(.increment(counters.advanced(by: TowerLayout.Counter.step)))
    }
    for number in arrays.indices {
      arrays[number] += [(any DeviceArray)?](
        repeating: nil, count: program.buffers.count - arrays[number].count)
    }
  }
}
