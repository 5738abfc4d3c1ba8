/// A model written down for one batch size, with its parameters as the device stores them.
struct ModelTrace {
  /// A parameter as it lies on the device.
  struct Parameter {
    let name: String
    let declaration: ParameterDeclaration
    /// Whether it is stored with its two axes swapped.
    let isTransposed: Bool

    var shape: Shape { declaration.shape }
    var count: Int { shape.elementCount }
    var storedShape: Shape { isTransposed ? shape.reversed() : shape }
  }

  let input: Tensor
  let output: Tensor
  /// The parameters' leaves, in the order of `parameters`.
  let parameterTensors: [Tensor]

  /// The matrix products that lead to the output.
  var products: [Tensor] {
    let tape = output.recorder.tape
    let needed = tape.needed(by: [output.index])
    return tape.nodes.indices.filter { index in
      guard needed[index], case .matrixProduct = tape[index].operation else { return false }
      return true
    }.map { Tensor(output.recorder, $0) }
  }

  /// The parameters of `model`, and which of them are better stored transposed.
  ///
  /// A matrix that all products take transposed is stored that way: a product then reads it along
  /// rows.
  static func parameters(of model: some Module, featureCount: Int) -> [Parameter] {
    let named = model.parameters
    let output = model(inputTensor(batch: 1, featureCount: featureCount))
    let tape = output.recorder.tape
    let needed = tape.needed(by: [output.index])
    // A parameter that is found twice is one, under its first name.
    var known: Set<ObjectIdentifier> = []
    return named.compactMap { name, tensor -> Parameter? in
      guard let declaration = tensor.parameterDeclaration else {
        fatalError("Module: '\(name)' is not a parameter")
      }
      guard known.insert(ObjectIdentifier(declaration)).inserted else { return nil }
      let leaf = output.recorder.adopt(tensor.index, from: tensor.recorder)
      let uses = tape.nodes.indices.filter { needed[$0] && tape[$0].operands.contains(leaf) }
      let isAlwaysTransposed = uses.allSatisfy { use in
        guard case .matrixProduct(let left, let right) = tape[use].operation else { return false }
        return zip(tape[use].operands, [left, right]).allSatisfy { $0 != leaf || $1 }
      }
      return Parameter(
        name: name, declaration: declaration,
        isTransposed: declaration.shape.count == 2 && isAlwaysTransposed && !uses.isEmpty)
    }
  }

  /// Writes `model` down for batches of `batch` rows.
  init(_ model: some Module, parameters: [Parameter], batch: Int, featureCount: Int) {
    let output = model(Self.inputTensor(batch: batch, featureCount: featureCount))
    let recorder = TapeRecorder()
    let leaves = parameters.map { parameter in
      Tensor(
        recorder,
        recorder.leaf(
          .parameter(parameter.declaration),
          shape: parameter.storedShape))
    }
    var known: [ObjectIdentifier: Tensor] = [:]
    for (parameter, leaf) in zip(parameters, leaves) {
      known[ObjectIdentifier(parameter.declaration)] =
        parameter.isTransposed ? leaf.transposed() : leaf
    }
    input = Tensor(
      recorder, recorder.leaf(.input(name: "x"), shape: [batch, featureCount]))
    self.output = Self.copy(output, to: recorder, input: input, parameters: known)
    parameterTensors = leaves
  }

  private static func inputTensor(batch: Int, featureCount: Int) -> Tensor {
    let recorder = TapeRecorder()
    let shape = [batch, featureCount]
    return Tensor(recorder, recorder.leaf(.input(name: "x"), shape: shape))
  }

  /// Records what `output` needs once more, with other tensors for its input and parameters.
  private static func copy(
    _ output: Tensor, to recorder: TapeRecorder, input: Tensor,
    parameters: [ObjectIdentifier: Tensor]
  ) -> Tensor {
    let source = output.recorder
    let needed = source.tape.needed(by: [output.index])
    var copies: [Tape.Index: Tensor] = [:]
    for (index, node) in source.tape.nodes.enumerated() where needed[index] {
      let operands = node.operands.map { copies[$0]! }
      switch node.operation {
      case .leaf(let number):
        switch source.leaves[number] {
        case .parameter(let declaration):
          guard let tensor = parameters[ObjectIdentifier(declaration)] else {
            fatalError(
              "Module: it uses a parameter of shape \(declaration.shape) that `parameters` lacks")
          }
          copies[index] = tensor
        case .input:
          copies[index] = input
        case .values:
          copies[index] = Tensor(
            recorder, recorder.leaf(source.leaves[number], shape: node.shape))
        }
      case .matrixProduct(let left, let right):
        copies[index] = operands[0].matmul(
          operands[1], transposeLeft: left, transposeRight: right)
      default:
        copies[index] = Tensor(
          recorder,
          recorder.tape.append(node.operation, operands.map(\.index), shape: node.shape))
      }
    }
    return copies[output.index]!
  }
}
