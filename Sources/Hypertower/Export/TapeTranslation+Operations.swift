/// The operations of a tape, one by one.
extension TapeTranslation {
  /// Adds what a node is computed as.
  mutating func value(
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
    case .scatterAdd: return try scattered(node)
    case .attention(let attention): return try self.attention(attention, node)
    case .scan(let scan): return try self.scan(scan, node, at: index)
    case .scanResult: fatalError("TapeTranslation: a loop sets its results")
    case .random, .convolution, .attentionGradient, .attentionResult, .allReduce:
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
