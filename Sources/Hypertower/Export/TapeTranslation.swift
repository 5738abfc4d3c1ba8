/// Nodes of ONNX that compute what a tape does.
///
/// A value keeps extent 1 along axes that the tape stretches, since most operations of ONNX stretch their operands
/// themselves; it is expanded where one does not.
struct TapeTranslation {
  /// What a node of the tape has become.
  struct Value {
    let name: String
    /// The tape's extents, or 1 along an axis that is to be stretched.
    var shape: [BatchExtent]
    var type = ONNXGraph.ElementType.float
  }

  let tape: BatchTape
  let names: ONNXNames
  private(set) var nodes: [ONNXGraph.Node] = []
  private var values: [Int: Value] = [:]
  /// Numbers for those values that are something else.
  private var numbers: [Int: Value] = [:]
  /// What each node is computed as; nil for one that nothing needs.
  private(set) var forms: [Form?]

  /// Translates a tape.
  ///
  /// - Parameters:
  ///   - tape: the tape.
  ///   - results: nodes of it that are asked for.
  ///   - names: what the parts of the model share.
  ///   - leaf: the value that a leaf's number stands for.
  /// - Throws: `InputError` naming an operation that has no counterpart.
  init(
    _ tape: BatchTape, results: [Int], names: ONNXNames, leaf: (Int) throws -> Value
  ) throws {
    (self.tape, self.names) = (tape, names)
    forms = Self.forms(of: tape, results: results)
    for (index, form) in forms.enumerated() {
      guard let form, values[index] == nil else { continue }
      if case .leaf(let number) = tape.nodes[index].operation {
        values[index] = try leaf(number)
      } else {
        values[index] = try value(of: tape.nodes[index], at: index, as: form)
      }
    }
  }

  // MARK: Values

  /// What a node has become.
  func value(_ index: Int) -> Value { values[index]! }

  /// Sets what a node has become that another one computes as well.
  mutating func set(_ index: Int, to value: Value) { values[index] = value }

  /// The same, as numbers.
  mutating func number(_ index: Int) -> Value {
    let value = values[index]!
    guard value.type != .float else { return value }
    if let known = numbers[index] { return known }
    let result = cast(value, to: .float)
    numbers[index] = result
    return result
  }

  /// Numbers in the tape's shape.
  mutating func whole(_ index: Int) -> Value {
    expanded(number(index), to: tape.nodes[index].shape)
  }

  mutating func cast(_ value: Value, to type: ONNXGraph.ElementType) -> Value {
    guard value.type != type else { return value }
    let name = add("Cast", [value.name], [("to", .integer(type.rawValue))])
    return Value(name: name, shape: value.shape, type: type)
  }

  mutating func expanded(_ value: Value, to shape: [BatchExtent]) -> Value {
    guard value.shape != shape else { return value }
    let name = add("Expand", [value.name, names.shape(shape)])
    return Value(name: name, shape: shape, type: value.type)
  }

  mutating func reshaped(_ value: Value, to shape: [BatchExtent]) -> Value {
    guard value.shape != shape else { return value }
    // One extent may be left to the reader.
    let open = shape.filter { $0.fixed == nil }
    let target =
      open.count == 1
      ? names.integers(shape.map { $0.fixed ?? -1 }) : names.shape(shape)
    return Value(name: add("Reshape", [value.name, target]), shape: shape, type: value.type)
  }

  mutating func transposed(_ value: Value, _ permutation: [Int]) -> Value {
    guard permutation != Array(permutation.indices) else { return value }
    let name = add("Transpose", [value.name], [("perm", .integers(permutation))])
    return Value(name: name, shape: permutation.map { value.shape[$0] }, type: value.type)
  }

  /// The shape that elements of several values are paired in.
  static func stretched(_ values: [Value]) -> [BatchExtent] {
    values[0].shape.indices.map { axis in
      values.map { $0.shape[axis] }.first { $0 != .fixed(1) } ?? .fixed(1)
    }
  }

  // MARK: Nodes

  /// Adds a node of one output, and returns that one's name.
  mutating func add(
    _ operation: String, _ inputs: [String],
    _ attributes: [(name: String, value: ONNXGraph.Attribute)] = []
  ) -> String {
    add(operation, inputs, attributes, count: 1)[0]
  }

  /// Adds a node, and returns the names of its outputs.
  mutating func add(
    _ operation: String, _ inputs: [String],
    _ attributes: [(name: String, value: ONNXGraph.Attribute)], count: Int
  ) -> [String] {
    let outputs = (0..<count).map { _ in names.newName(operation) }
    nodes.append(
      .init(operation: operation, inputs: inputs, outputs: outputs, attributes: attributes))
    return outputs
  }

  /// Gives a value another name.
  mutating func add(_ value: Value, as name: String) {
    nodes.append(.init(operation: "Identity", inputs: [value.name], outputs: [name]))
  }

  /// What is said of an operation that has no counterpart.
  static func unsupported(_ operation: String, _ reason: String) -> InputError {
    InputError(.usage, "ONNX has no counterpart to the model's \(operation): \(reason)")
  }
}

extension TapeTranslation {
  private mutating func value(
    of node: BatchTape.Node, at index: Int, as form: Form
  ) throws -> Value {
    switch form {
    case .convolution(let symbol): return try convolution(tape.nodes[symbol], node.shape)
    case .softmax(let x, let axis): return softmax("Softmax", x, axis)
    case .logSoftmax(let x, let axis): return softmax("LogSoftmax", x, axis)
    case .maxPool(let pool): return maxPool(pool, node.shape)
    case .asWritten: break
    }
    switch node.operation {
    case .leaf: fatalError("TapeTranslation: a leaf has a value")
    case .fill(let value):
      let ones = [Int](repeating: 1, count: node.shape.count)
      return Value(
        name: names.numbers([Float(value)], ones), shape: ones.map(BatchExtent.fixed))
    case .coordinate(let axis): return coordinate(axis, node.shape)
    case .unary(let operation):
      let x = number(node.operands[0])
      return Value(name: add(operation.onnxName, [x.name]), shape: x.shape)
    case .binary(let operation): return binary(operation, node)
    case .select: return select(node)
    case .broadcast, .detach: return value(node.operands[0])
    case .known: return value(node.operands[0])
    case .reshape:
      let operand = node.operands[0]
      let whole = expanded(value(operand), to: tape.nodes[operand].shape)
      return reshaped(whole, to: node.shape)
    case .transpose(let permutation): return transposed(value(node.operands[0]), permutation)
    case .access(let access): return try self.access(access, node)
    case .reduce(let reduction, let axes): return reduced(reduction, axes, node)
    case .matrixProduct(let left, let right): return product(node, left, right)
    case .gather(let isZeroOutside): return try gathered(node, isZeroOutside: isZeroOutside)
    case .attention(let attention): return try self.attention(attention, node)
    case .scan(let scan): return try self.scan(scan, node, at: index)
    case .scanResult: fatalError("TapeTranslation: a loop sets its results")
    case .random, .convolution, .scatterAdd, .attentionGradient, .attentionResult:
      throw Self.unsupported(
        node.operation.name, "an evaluation of a model for ONNX cannot contain it")
    }
  }

  /// The numbers of the places along an axis.
  private mutating func coordinate(_ axis: Int, _ shape: [BatchExtent]) -> Value {
    let own = shape.indices.map { $0 == axis ? shape[$0] : .fixed(1) }
    if shape.isEmpty { return Value(name: names.numbers([0], []), shape: []) }
    if let count = shape[axis].fixed {
      let numbers = (0..<count).map { Float($0) }
      return Value(name: names.numbers(numbers, own.map { $0.fixed! }), shape: own)
    }
    let count = add("Squeeze", [names.extent(shape[axis])])
    let range = add("Range", [names.integers([0], []), count, names.integers([1], [])])
    return reshaped(
      cast(Value(name: range, shape: [shape[axis]], type: .int64), to: .float), to: own)
  }

  private mutating func binary(_ operation: BinaryOperation, _ node: BatchTape.Node) -> Value {
    let operands = node.operands.map { number($0) }
    let name = add(operation.onnxName, operands.map(\.name))
    return Value(
      name: name, shape: Self.stretched(operands), type: operation.onnxType)
  }

  private mutating func select(_ node: BatchTape.Node) -> Value {
    let condition = cast(value(node.operands[0]), to: .bool)
    let choices = node.operands.dropFirst().map { number($0) }
    let all = [condition] + choices
    return Value(name: add("Where", all.map(\.name)), shape: Self.stretched(all))
  }

  private mutating func reduced(
    _ reduction: Tape.Reduction, _ axes: [Int], _ node: BatchTape.Node
  ) -> Value {
    let x = whole(node.operands[0])
    switch reduction {
    case .sum:
      return Value(name: add("ReduceSum", [x.name, names.integers(axes)]), shape: node.shape)
    case .maximum:
      return Value(
        name: add("ReduceMax", [x.name], [("axes", .integers(axes))]), shape: node.shape)
    case .indexOfMaximum:
      // The axes as one, the last.
      let kept = x.shape.indices.filter { !axes.contains($0) }
      let keptShape = kept.map { x.shape[$0] }
      let count = axes.map { x.shape[$0] }
      let rows =
        axes.count == 1
        ? transposed(x, kept + axes)
        : reshaped(transposed(x, kept + axes), to: keptShape + [Self.product(count)])
      let places = add(
        "ArgMax", [rows.name], [("axis", .integer(-1)), ("keepdims", .integer(0))])
      let own = Value(name: places, shape: keptShape, type: .int64)
      return reshaped(cast(own, to: .float), to: node.shape)
    }
  }

  /// The product of extents, at most one of which differs with the batch.
  private static func product(_ extents: [BatchExtent]) -> BatchExtent {
    let fixed = extents.compactMap(\.fixed).reduce(1, *)
    for case .batches(let multiple) in extents { return .batches(multiple * fixed) }
    return .fixed(fixed)
  }

  private mutating func product(
    _ node: BatchTape.Node, _ transposeLeft: Bool, _ transposeRight: Bool
  ) -> Value {
    let rank = node.shape.count
    var shapes: [[BatchExtent]] = []
    let operands = zip(node.operands, [transposeLeft, transposeRight]).map { index, isTransposed in
      var x = number(index)
      let full = tape.nodes[index].shape
      // Leading axes are stretched by the product.
      x = expanded(x, to: Array(x.shape.dropLast(2)) + full.suffix(2))
      shapes.append(Array(x.shape.dropLast(2)))
      guard isTransposed else { return x.name }
      return names.transposed(x.name)
        ?? transposed(x, Array(0..<rank - 2) + [rank - 1, rank - 2]).name
    }
    let leading = Self.stretched(shapes.map { Value(name: "", shape: $0) })
    return Value(name: add("MatMul", operands), shape: leading + node.shape.suffix(2))
  }
}

extension UnaryOperation {
  /// What ONNX calls it.
  fileprivate var onnxName: String {
    switch self {
    case .negate: "Neg"
    case .exponential: "Exp"
    case .logarithm: "Log"
    case .tanh: "Tanh"
    case .squareRoot: "Sqrt"
    case .sigmoid: "Sigmoid"
    case .relu: "Relu"
    case .sine: "Sin"
    case .cosine: "Cos"
    case .errorFunction: "Erf"
    case .floor: "Floor"
    }
  }
}

extension BinaryOperation {
  /// What ONNX calls it.
  fileprivate var onnxName: String {
    switch self {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    case .power: "Pow"
    case .less: "Less"
    case .equal: "Equal"
    }
  }

  /// The type of its results.
  fileprivate var onnxType: ONNXGraph.ElementType {
    switch self {
    case .add, .subtract, .multiply, .divide, .power: .float
    case .less, .equal: .bool
    }
  }
}
