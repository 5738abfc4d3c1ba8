/// A model's evaluation for batches of every size, on its way into a file.
struct ModelGraph {
  private let tape: BatchTape
  private let sampleShape: Shape
  /// What the leaves of the tape are.
  private let leaves: [TapeRecorder.Leaf]
  /// The names of parameters and states.
  private let names: [ObjectIdentifier: String]
  private let weights: SafetensorsFile

  /// Pairs of numbers of samples, one of which is tried after the other: by chance a number of samples may equal an
  /// extent of the model, and rows of a table that are chosen often are multiplied in another order.
  private static let batches = [[7, 11], [2, 3], [101, 103], [10_007, 10_009]]

  /// - Throws: `InputError` naming the operation that is another for another number of samples.
  init(_ model: some Module, weights: SafetensorsFile, sampleShape: Shape) throws {
    (tape, leaves) = try Self.recorded(model, sampleShape)
    self.sampleShape = sampleShape
    self.weights = weights
    names = Dictionary(
      (model.parameters + model.states).compactMap { name, tensor in
        tensor.parameterDeclaration.map { (ObjectIdentifier($0), name) }
      }, uniquingKeysWith: { first, _ in first })
  }

  private static func recorded(
    _ model: some Module, _ sampleShape: Shape
  ) throws -> (BatchTape, [TapeRecorder.Leaf]) {
    var first: BatchTape.Mismatch?
    for batches in batches {
      let outputs = batches.map {
        model(
          .input(inputName, shape: [$0] + sampleShape),
          in: Context(isTraining: false, columns: Columns(of: "an ONNX file")))
      }
      do {
        let walks = outputs.map { TapeWalk($0.recorder.tape, results: [$0.index]) }
        let tape = try BatchTape(walks, batches: batches)
        return (tape, try leaves(of: outputs.map(\.recorder), walks))
      } catch let mismatch as BatchTape.Mismatch {
        first = first ?? mismatch
      }
    }
    throw InputError(
      .usage,
      "ONNX: the model's \(first!.operation) is another operation, or of other sizes than multiples of the "
        + "batch, for another number of samples")
  }

  private static let inputName = "ONNX input"

  /// What the leaves are, which must be the same for both batches.
  private static func leaves(
    of recorders: [TapeRecorder], _ walks: [TapeWalk]
  ) throws -> [TapeRecorder.Leaf] {
    try zip(walks[0].leaves, walks[1].leaves).map { first, second in
      let leaf = recorders[0].leaves[first]
      let isEqual =
        switch (leaf, recorders[1].leaves[second]) {
        case (.values(let own), .values(let other)):
          own.map(\.bitPattern) == other.map(\.bitPattern)
        case (.parameter(let own), .parameter(let other)): own === other
        case (.input(let own), .input(let other)): own == other
        case (.values, _), (.parameter, _), (.input, _): false
        }
      guard isEqual else { throw BatchTape.Mismatch(operation: "given tensor") }
      return leaf
    }
  }

  /// The graph with its weights.
  ///
  /// - Throws: `InputError`, as `ONNXFile` says.
  func graph(
    inputType: ONNXFile.InputType, inputName: String, outputName: String
  ) throws -> ONNXGraph {
    let shared = ONNXNames(input: inputName, output: outputName)
    let type: ONNXGraph.ElementType =
      switch inputType {
      case .numbers: .float
      case .tokens: .int64
      }
    let inputShape = [.batches(1)] + sampleShape.map(BatchExtent.fixed)
    var translation = try TapeTranslation(tape, results: tape.results, names: shared) { number in
      switch leaves[number] {
      case .input(Self.inputName):
        return .init(name: inputName, shape: inputShape, type: type)
      case .input(let name):
        throw InputError(
          .usage, "ONNX: the model depends on '\(name)', a tensor of its own without values")
      case .values(let elements):
        let shape = tape.nodes.first { $0.operation == .leaf(number) }!.shape
        return .init(name: shared.numbers(elements, shape.compactMap(\.fixed)), shape: shape)
      case .parameter(let declaration):
        let (name, elements) = try elements(of: declaration)
        return .init(
          name: shared.parameter(name, elements, declaration.shape),
          shape: declaration.shape.map(BatchExtent.fixed))
      }
    }
    let output = translation.whole(tape.results[0])
    guard output.shape.first == .batches(1) else {
      throw InputError(
        .usage, "ONNX: the first axis of the model's output is not that of samples")
    }
    translation.add(output, as: outputName)
    return ONNXGraph(
      name: "hypertower", nodes: shared.beginning + translation.nodes,
      initializers: shared.initializers,
      inputs: [.init(name: inputName, type: type, shape: inputShape)],
      outputs: [.init(name: outputName, type: .float, shape: output.shape)])
  }

  private func elements(
    of declaration: ParameterDeclaration
  ) throws -> (name: String, elements: [Float]) {
    guard let name = names[ObjectIdentifier(declaration)] else {
      throw InputError(
        .usage,
        "ONNX: the model uses a parameter of shape \(declaration.shape) that its `parameters` and `states` lack"
      )
    }
    guard let entry = weights[name] else {
      throw InputError(
        .badData, "ONNX: the weights lack '\(name)', \(declaration.shape) of the model")
    }
    guard entry.shape == declaration.shape, entry.elementType.isReadable else {
      throw InputError(
        .badData,
        "ONNX: '\(name)' is \(entry.elementType.name) \(entry.shape) in the weights, and \(declaration.shape) "
          + "of the model")
    }
    return (name, entry.floats())
  }
}
