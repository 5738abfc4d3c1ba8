/// Groups of nodes for which ONNX has one operation.
extension TapeTranslation {
  /// What a node is computed as.
  enum Form {
    /// By its own operation.
    case asWritten
    /// The convolution that stands beside a product of windows.
    case convolution(Int)
    /// softmax of a node along an axis.
    case softmax(Int, axis: Int)
    /// Its logarithm.
    case logSoftmax(Int, axis: Int)
    /// The maxima of windows.
    case maxPool(Pool)
  }

  /// Windows of `[batch, channels, n…]`.
  struct Pool {
    let x: Int
    let sizes: [Int]
    let strides: [Int]
    let dilations: [Int]
    /// How much there is before each axis, and then after each.
    let padding: [Int]
  }

  /// What each node is computed as that results need; nil for others.
  static func forms(of tape: BatchTape, results: [Int]) -> [Form?] {
    var forms = [Form?](repeating: nil, count: tape.nodes.count)
    for result in results { forms[result] = .asWritten }
    for index in tape.nodes.indices.reversed() where forms[index] != nil {
      let form = form(of: index, in: tape)
      forms[index] = form
      let operands: [Int] =
        switch form {
        case .asWritten: Array(tape.nodes[index].operands.prefix(operandCount(index, tape)))
        case .convolution(let symbol): tape.nodes[symbol].operands
        case .softmax(let x, _), .logSoftmax(let x, _): [x]
        case .maxPool(let pool): [pool.x]
        }
      for operand in operands where forms[operand] == nil { forms[operand] = .asWritten }
    }
    return forms
  }

  /// How many operands the values need.
  private static func operandCount(_ index: Int, _ tape: BatchTape) -> Int {
    if case .known = tape.nodes[index].operation { return 1 }
    return tape.nodes[index].operands.count
  }

  private static func form(of index: Int, in tape: BatchTape) -> Form {
    let node = tape.nodes[index]
    switch node.operation {
    case .known:
      guard node.operands.count == 2 else { return .asWritten }
      return isConvolution(node.operands[1], in: tape)
        ? .convolution(node.operands[1]) : .asWritten
    case .binary(.divide): return softmax(index, in: tape) ?? .asWritten
    case .binary(.subtract): return logSoftmax(index, in: tape) ?? .asWritten
    case .reduce(.maximum, let axes):
      return pool(node.operands[0], axes, in: tape).map(Form.maxPool) ?? .asWritten
    default: return .asWritten
    }
  }

  // MARK: Softmax

  /// e^s / Σ e^s, where s is x − max x.
  private static func softmax(_ index: Int, in tape: BatchTape) -> Form? {
    let operands = tape.nodes[index].operands
    guard case .unary(.exponential) = tape.nodes[operands[0]].operation,
      let (exponentials, axis) = sum(operands[1], in: tape), exponentials == operands[0],
      let x = shifted(tape.nodes[operands[0]].operands[0], axis, in: tape)
    else { return nil }
    return .softmax(x, axis: axis)
  }

  /// s − log Σ e^s, where s is x − max x.
  private static func logSoftmax(_ index: Int, in tape: BatchTape) -> Form? {
    let operands = tape.nodes[index].operands
    let logarithm = tape.nodes[unstretched(operands[1], in: tape)]
    guard case .unary(.logarithm) = logarithm.operation,
      let (exponentials, axis) = sum(logarithm.operands[0], in: tape),
      case .unary(.exponential) = tape.nodes[exponentials].operation,
      tape.nodes[exponentials].operands[0] == operands[0],
      let x = shifted(operands[0], axis, in: tape)
    else { return nil }
    return .logSoftmax(x, axis: axis)
  }

  /// What is summed along one axis.
  private static func sum(_ index: Int, in tape: BatchTape) -> (x: Int, axis: Int)? {
    let node = tape.nodes[unstretched(index, in: tape)]
    guard case .reduce(.sum, let axes) = node.operation, axes.count == 1 else { return nil }
    return (node.operands[0], axes[0])
  }

  /// x, if this is x − max x along an axis.
  private static func shifted(_ index: Int, _ axis: Int, in tape: BatchTape) -> Int? {
    let node = tape.nodes[index]
    guard case .binary(.subtract) = node.operation else { return nil }
    let greatest = tape.nodes[unstretched(node.operands[1], in: tape)]
    guard greatest.operation == .reduce(.maximum, axes: [axis]),
      greatest.operands[0] == node.operands[0]
    else { return nil }
    return node.operands[0]
  }

  /// What is stretched, and perhaps a constant to differentiation.
  private static func unstretched(_ index: Int, in tape: BatchTape) -> Int {
    switch tape.nodes[index].operation {
    case .broadcast, .detach: unstretched(tape.nodes[index].operands[0], in: tape)
    default: index
    }
  }

  mutating func softmax(_ operation: String, _ x: Int, _ axis: Int) -> Value {
    let x = whole(x)
    return Value(name: add(operation, [x.name], [("axis", .integer(axis))]), shape: x.shape)
  }

  // MARK: Windows

  /// Whether ONNX has this convolution: its extents must be those that follow from the operands'.
  private static func isConvolution(_ index: Int, in tape: BatchTape) -> Bool {
    let node = tape.nodes[index]
    guard case .convolution(let convolution) = node.operation else { return false }
    let shapes = node.operands.map { tape.nodes[$0].shape }
    guard convolution.extents.count <= 3, shapes[0][1].fixed != nil else { return false }
    return convolution.extents.indices.allSatisfy { axis in
      guard let extent = shapes[0][axis + 2].fixed, let size = shapes[1][axis + 2].fixed else {
        return false
      }
      let reach = convolution.dilations[axis] * (size - 1) + 1
      let (stride, padding) = (convolution.strides[axis], convolution.padding[axis])
      if convolution.isTransposed {
        let rest =
          convolution.extents[axis] - ((extent - 1) * stride - 2 * padding + reach)
        return 0..<Swift.max(stride, convolution.dilations[axis], 1) ~= rest
      }
      return convolution.extents[axis] == (extent + 2 * padding - reach) / stride + 1
    }
  }

  mutating func convolution(_ node: BatchTape.Node, _ shape: [BatchExtent]) throws -> Value {
    guard case .convolution(let own) = node.operation else {
      fatalError("TapeTranslation: \(node.operation.name) is no convolution")
    }
    let operands = node.operands.map { whole($0) }
    let (extents, sizes) = (
      operands[0].shape.dropFirst(2).map { $0.fixed! },
      operands[1].shape.dropFirst(2).map { $0.fixed! }
    )
    var attributes: [(name: String, value: ONNXGraph.Attribute)] = [
      ("kernel_shape", .integers(sizes)), ("strides", .integers(own.strides)),
      ("pads", .integers(own.padding + own.padding)), ("dilations", .integers(own.dilations)),
      ("group", .integer(own.groups)),
    ]
    if own.isTransposed {
      let rest = sizes.indices.map { axis in
        let reach = own.dilations[axis] * (sizes[axis] - 1) + 1
        return own.extents[axis]
          - ((extents[axis] - 1) * own.strides[axis] - 2 * own.padding[axis] + reach)
      }
      attributes.append(("output_padding", .integers(rest)))
    }
    let name = add(
      own.isTransposed ? "ConvTranspose" : "Conv", operands.map(\.name), attributes)
    return Value(name: name, shape: shape)
  }

  /// What a node's maxima along the last axes are, if it is windows of images or of what has one or three axes.
  private static func pool(_ index: Int, _ axes: [Int], in tape: BatchTape) -> Pool? {
    let node = tape.nodes[index]
    guard case .access(let access) = node.operation, 1...3 ~= axes.count else { return nil }
    let (rank, shape) = (access.indices.count, tape.nodes[node.operands[0]].shape)
    guard rank == axes.count + 2, node.shape.count == rank + axes.count,
      axes == Array(rank..<rank + axes.count),
      (0..<2).allSatisfy({
        access.indices[$0] == .axis($0, rank: node.shape.count) && shape[$0] == node.shape[$0]
      })
    else { return nil }
    var (strides, dilations, before, after): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
    var sizes: [Int] = []
    for (number, axis) in axes.enumerated() {
      var rest = access.indices[number + 2]
      guard let extent = shape[number + 2].fixed, let places = node.shape[number + 2].fixed,
        let size = node.shape[axis].fixed, rest.divisor == 1, extent > 0, places > 0, size > 0
      else { return nil }
      let (stride, dilation) = (rest.coefficients[number + 2], rest.coefficients[axis])
      let start = rest.offset
      (rest.coefficients[number + 2], rest.coefficients[axis], rest.offset) = (0, 0, 0)
      guard rest == .constant(0, rank: node.shape.count), stride > 0, dilation > 0, start <= 0
      else { return nil }
      let end = start + (places - 1) * stride + dilation * (size - 1) + 1
      strides.append(stride)
      dilations.append(dilation)
      before.append(-start)
      after.append(Swift.max(0, end - extent))
      sizes.append(size)
      let room = extent + before[number] + after[number]
      guard before[number] < size, after[number] < size,
        (room - dilation * (size - 1) - 1) / stride + 1 == places
      else { return nil }
    }
    let padding = before + after
    guard access.outside == -.infinity || padding.allSatisfy({ $0 == 0 }) else { return nil }
    return Pool(
      x: node.operands[0], sizes: sizes, strides: strides, dilations: dilations, padding: padding)
  }

  mutating func maxPool(_ pool: Pool, _ shape: [BatchExtent]) -> Value {
    let x = whole(pool.x)
    let maxima = Value(
      name: add(
        "MaxPool", [x.name],
        [
          ("kernel_shape", .integers(pool.sizes)), ("strides", .integers(pool.strides)),
          ("pads", .integers(pool.padding)), ("dilations", .integers(pool.dilations)),
        ]), shape: Array(shape.prefix(pool.sizes.count + 2)))
    return reshaped(maxima, to: shape)
  }
}
