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
    /// As the selectors of groups see it.
    var described: ModelParameter {
      ModelParameter(name: name, kind: declaration.kind, shape: shape)
    }
  }

  /// A state as it lies on the device, in its declared shape.
  struct State {
    let name: String
    let declaration: ParameterDeclaration

    var shape: Shape { declaration.shape }
    var count: Int { shape.elementCount }
  }

  /// What a model consists of.
  struct Contents {
    let parameters: [Parameter]
    let states: [State]
  }

  let input: Tensor
  let output: Tensor
  /// The further columns of a batch, with those asked for that the model asks for.
  let columns: Columns
  /// The leaf of `BatchShards.place`, where there is one.
  let shardPlace: Tensor?
  /// The parameters' leaves, in the order of `parameters`.
  let parameterTensors: [Tensor]
  /// The states' leaves, in their order, and what some of them are after the step.
  let stateTensors: [Tensor]
  let stateUpdates: [(state: Int, next: Tensor)]

  /// The matrix products that lead to the output, those of loops for all passes.
  var products: [Tensor] {
    let tape = output.recorder.tape
    let needed = tape.needed(by: [output.index])
    return tape.nodes.indices.filter { needed[$0] }.flatMap { index -> [Tensor] in
      let node = Tensor(output.recorder, index)
      switch tape[index].operation {
      case .matrixProduct: return [node]
      case .scan(let scan): return scan.products.map { node.result(.stacked($0), of: scan) }
      default: return []
      }
    }
  }

  /// The parameters of `model`, and which of them are better stored transposed, and its states.
  ///
  /// A matrix that all products take transposed is stored that way: a product then reads it along
  /// rows.
  ///
  /// - Parameters:
  ///   - sampleShape: the shape of an input without the axis of samples.
  ///   - columns: the shapes of further columns that the model may ask for, without that axis.
  static func contents(
    of model: some Module, sampleShape: Shape, columns: [String: Shape] = [:]
  ) -> Contents {
    let named = model.parameters
    // A batch of two, since a batch of one may have nothing to normalize by.
    let given = inputs(columns.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, batch: 2)
    let output = model(
      leaf(inputName, shape: [2] + sampleShape),
      in: Context(isTraining: true, columns: Columns(given, of: "Trainer(…, columns:)")))
    let tape = output.recorder.tape
    let needed = tape.needed(by: [output.index])
    // A parameter that is found twice is one, under its first name.
    var known: Set<ObjectIdentifier> = []
    let parameters = named.compactMap { name, tensor -> Parameter? in
      guard let declaration = tensor.parameterDeclaration else {
        fatalError("Module: '\(name)' is not a parameter")
      }
      guard known.insert(ObjectIdentifier(declaration)).inserted else { return nil }
      let leaf = output.recorder.adopt(tensor.index, from: tensor.recorder)
      let uses = tape.nodes.indices.filter { needed[$0] && tape[$0].operands.contains(leaf) }
      let isTransposed = uses.allSatisfy { use in
        guard case .matrixProduct(let left, let right) = tape[use].operation else { return false }
        return zip(tape[use].operands, [left, right]).allSatisfy { $0 != leaf || $1 }
      }
      return Parameter(
        name: name, declaration: declaration,
        isTransposed: isTransposed && !uses.isEmpty && declaration.shape.count == 2)
    }
    let states = model.states.compactMap { name, tensor -> State? in
      guard let declaration = tensor.parameterDeclaration,
        known.insert(ObjectIdentifier(declaration)).inserted
      else { return nil }
      return State(name: name, declaration: declaration)
    }
    return Contents(parameters: parameters, states: states)
  }

  /// Writes `model` down for inputs of `shape`, `[batch, …]`.
  ///
  /// - Parameters:
  ///   - columns: the shapes of further columns without the axis of samples; default: none.
  ///   - owner: what has the columns, for messages; default: the data.
  ///   - shards: the numbers of samples of the shards over which statistics are taken; default: those of the inputs.
  init(
    _ model: some Module, _ contents: Contents, inputShape shape: Shape,
    columns: [(String, Shape)] = [], of owner: String = "the data", isTraining: Bool,
    shards: [Int]? = nil
  ) {
    let context = Context(
      isTraining: isTraining, columns: Columns(Self.inputs(columns, batch: shape[0]), of: owner),
      shards: shards.map {
        BatchShards(sizes: $0, place: Self.leaf(Self.shardName, shape: [$0.count]))
      })
    let output = model(Self.leaf(Self.inputName, shape: shape), in: context)
    let recorder = TapeRecorder()
    func leaf(_ declaration: ParameterDeclaration, shape: Shape) -> Tensor {
      Tensor(recorder, recorder.leaf(.parameter(declaration), shape: shape))
    }
    let leaves = contents.parameters.map { leaf($0.declaration, shape: $0.storedShape) }
    let states = contents.states.map { leaf($0.declaration, shape: $0.shape) }
    var known: [ObjectIdentifier: Tensor] = [:]
    for (parameter, leaf) in zip(contents.parameters, leaves) {
      known[ObjectIdentifier(parameter.declaration)] =
        parameter.isTransposed ? leaf.transposed() : leaf
    }
    for (state, leaf) in zip(contents.states, states) {
      known[ObjectIdentifier(state.declaration)] = leaf
    }
    input = Self.leaf(Self.inputName, shape: shape, on: recorder)
    let ownColumns = Self.inputs(columns, batch: shape[0], on: recorder)
    self.columns = Columns(ownColumns, requested: context.columns.requested)
    var inputs = [Self.inputName: input]
    for (name, tensor) in ownColumns { inputs[Self.leafName(ofColumn: name)] = tensor }
    shardPlace = shards.map { Self.leaf(Self.shardName, shape: [$0.count], on: recorder) }
    inputs[Self.shardName] = shardPlace
    let copies = Self.copy(
      [output] + context.updates.map(\.next), to: recorder, inputs: inputs, parameters: known)
    self.output = copies[0]
    parameterTensors = leaves
    stateTensors = states
    stateUpdates = zip(context.updates, copies.dropFirst()).map { update, next in
      let declaration = update.state.parameterDeclaration
      guard let number = contents.states.firstIndex(where: { $0.declaration === declaration })
      else { fatalError("Context: updates a state of shape \(next.shape) that `states` lacks") }
      return (number, next)
    }
  }

  private static let inputName = "x"
  private static let shardName = "shard"

  private static func leafName(ofColumn name: String) -> String { "column \(name)" }

  private static func leaf(
    _ name: String, shape: Shape, on recorder: TapeRecorder = TapeRecorder()
  ) -> Tensor {
    Tensor(recorder, recorder.leaf(.input(name: name), shape: shape))
  }

  /// A leaf for each column, on one recorder.
  private static func inputs(
    _ columns: some Sequence<(String, Shape)>, batch: Int,
    on recorder: TapeRecorder = TapeRecorder()
  ) -> [(name: String, tensor: Tensor)] {
    columns.map { name, shape in
      (name, leaf(leafName(ofColumn: name), shape: [batch] + shape, on: recorder))
    }
  }

  /// Records what `outputs` need once more, with other tensors for their inputs and parameters.
  private static func copy(
    _ outputs: [Tensor], to recorder: TapeRecorder, inputs: [String: Tensor],
    parameters: [ObjectIdentifier: Tensor]
  ) -> [Tensor] {
    let source = outputs[0].recorder
    let indices = outputs.map { source.adopt($0.index, from: $0.recorder) }
    let needed = source.tape.needed(by: indices)
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
        case .input(let name):
          copies[index] = inputs[name]!
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
    return indices.map { copies[$0]! }
  }
}
