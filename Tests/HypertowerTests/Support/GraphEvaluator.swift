@testable import Hypertower

/// Computes graphs of ONNX by the operations of tensors, as ONNX defines those that models become.
struct GraphEvaluator {
  private var tensors: [String: Tensor] = [:]

  /// The output of a graph.
  static func output(of graph: ONNXGraph, for input: Tensor) throws -> Tensor {
    var evaluator = GraphEvaluator()
    for own in graph.initializers {
      evaluator.tensors[own.name] = Tensor(own.elements, shape: own.shape)
    }
    evaluator.tensors[graph.inputs[0].name] = input
    try evaluator.run(graph.nodes)
    return evaluator.tensors[graph.outputs[0].name]!
  }

  private mutating func run(_ nodes: [ONNXGraph.Node]) throws {
    for node in nodes {
      let results = try results(of: node)
      for (name, tensor) in zip(node.outputs, results) { tensors[name] = tensor }
    }
  }

  private func results(of node: ONNXGraph.Node) throws -> [Tensor] {
    let inputs = node.inputs.map { tensors[$0]! }
    if node.operation == "Scan" { return try scan(node, inputs) }
    return [try result(of: node, inputs)]
  }

  private func result(of node: ONNXGraph.Node, _ inputs: [Tensor]) throws -> Tensor {
    let x = inputs[0]
    let rank = x.shape.count
    func integers(_ number: Int) throws -> [Int] { try inputs[number].array().map { Int($0) } }
    switch node.operation {
    case "Identity", "Cast":
      // Numbers as conditions.
      return node.integer("to") == ONNXGraph.ElementType.bool.rawValue ? .select(x, 1, 0) : x
    case "Neg": return -x
    case "Exp": return x.exp()
    case "Log": return x.log()
    case "Tanh": return x.tanh()
    case "Sqrt": return x.sqrt()
    case "Sigmoid": return x.sigmoid()
    case "Relu": return x.relu()
    case "Sin": return x.sin()
    case "Cos": return x.cos()
    case "Erf": return x.erf()
    case "Floor": return x.floor()
    case "Not": return x.not()
    case "Add": return x + inputs[1]
    case "Sub": return x - inputs[1]
    case "Mul": return x * inputs[1]
    case "Div": return x / inputs[1]
    case "Pow": return x.pow(inputs[1])
    case "Less": return x.isLess(than: inputs[1])
    case "Equal": return x.isEqual(to: inputs[1])
    case "And": return x.and(inputs[1])
    case "Where": return .select(x, inputs[1], inputs[2])
    case "MatMul": return x.matmul(inputs[1])
    case "Softmax": return x.softmax(axis: node.integer("axis")!)
    case "LogSoftmax": return x.logSoftmax(axis: node.integer("axis")!)
    case "Transpose": return x.transposed(node.integers("perm"))
    case "Shape":
      let shape = x.shape[node.integer("start")!..<node.integer("end")!]
      return Tensor(shape.map { Float($0) })
    case "Concat": return .concatenated(inputs, axis: node.integer("axis")!)
    case "Range":
      let numbers = try stride(from: integers(0)[0], to: integers(1)[0], by: integers(2)[0])
      return Tensor(numbers.map { Float($0) })
    case "Squeeze": return x.reshaped(x.shape.filter { $0 != 1 })
    case "Unsqueeze":
      let axes = try integers(1)
      return x.reshaped(
        axes.map { $0 < 0 ? $0 + rank + axes.count : $0 }.reduce(into: x.shape) {
          $0.insert(1, at: $1)
        })
    case "Reshape":
      let shape = try integers(1)
      let known = shape.filter { $0 >= 0 }.elementCount
      return x.reshaped(shape.map { $0 < 0 ? x.shape.elementCount / known : $0 })
    case "Expand": return x.broadcast(to: x.shape.broadcast(with: try integers(1))!)
    case "ReduceSum": return x.sum(try integers(1), keepingAxes: true)
    case "ReduceMax": return x.max(node.integers("axes"), keepingAxes: true)
    case "ArgMax": return x.argmax(rank - 1)
    case "Slice": return try sliced(x, integers(1), integers(2), integers(3), integers(4))
    case "Pad":
      let (padding, value) = (try integers(1), Double(try inputs[2].item()))
      return (0..<rank).reduce(x) {
        $0.padded(before: padding[$1], after: padding[rank + $1], axis: $1, value: value)
      }
    case "Gather": return x.gather(inputs[1], axis: node.integer("axis")!)
    case "GatherND":
      let places = inputs[1].reshaped(Shape(inputs[1].shape.dropLast()))
      return x.rows(at: places)
    case "ScatterElements":
      let places = inputs[1].sliced(0..<1, axis: -1)
      return x
        + inputs[2].addingRows(
          at: places.reshaped(Shape(places.shape.dropLast())), count: x.shape[rank - 2])
    case "Conv", "ConvTranspose", "MaxPool": return windowed(node, inputs)
    default: throw InputError(.usage, "GraphEvaluator: \(node.operation)")
    }
  }

  private func sliced(
    _ x: Tensor, _ starts: [Int], _ ends: [Int], _ axes: [Int], _ steps: [Int]
  ) -> Tensor {
    axes.indices.reduce(x) { x, number in
      let (axis, step) = (axes[number], steps[number])
      let end = Swift.max(-1, ends[number])
      let places = stride(from: starts[number], to: end, by: step).map { Float($0) }
      return x.gather(Tensor(places), axis: axis)
    }
  }

  private func windowed(_ node: ONNXGraph.Node, _ inputs: [Tensor]) -> Tensor {
    let (x, sizes) = (inputs[0], node.integers("kernel_shape")!)
    let (strides, dilations) = (node.integers("strides")!, node.integers("dilations")!)
    let padding = node.integers("pads")!
    let (before, after) = (Array(padding.prefix(sizes.count)), Array(padding.suffix(sizes.count)))
    switch node.operation {
    case "Conv":
      return x.convolution(
        inputs[1], strides: strides, padding: before, dilations: dilations,
        groups: node.integer("group")!)
    case "ConvTranspose":
      return x.transposedConvolution(
        inputs[1], strides: strides, padding: before,
        outputPadding: node.integers("output_padding"), dilations: dilations,
        groups: node.integer("group")!)
    default:
      let windows = x.windows(
        axes: sizes.indices.map { $0 + 2 }, sizes: sizes, strides: strides,
        padding: Array(zip(before, after)), dilations: dilations, value: -.infinity)
      return windows.max(sizes.indices.map { x.shape.count + $0 })
    }
  }

  /// Pass after pass.
  private func scan(_ node: ONNXGraph.Node, _ inputs: [Tensor]) throws -> [Tensor] {
    guard case .graph(let body) = node.attributes.first(where: { $0.name == "body" })!.value
    else { fatalError("GraphEvaluator: a loop without a body") }
    let inputCount = node.integer("num_scan_inputs")!
    let stateCount = inputs.count - inputCount
    var states = Array(inputs.prefix(stateCount))
    let isReversed = node.integers("scan_input_directions")!
    let areReversed = node.integers("scan_output_directions") ?? []
    var outputs = areReversed.map { _ in [Tensor]() }
    let count = inputs[stateCount].shape[0]
    for pass in 0..<count {
      var inner = self
      let elements = zip(inputs.dropFirst(stateCount), isReversed).map {
        $0.element($1 == 1 ? count - 1 - pass : pass, axis: 0)
      }
      for (own, tensor) in zip(body.inputs, states + elements) { inner.tensors[own.name] = tensor }
      try inner.run(body.nodes)
      let results = body.outputs.map { inner.tensors[$0.name]! }
      states = Array(results.prefix(stateCount))
      for number in outputs.indices { outputs[number].append(results[stateCount + number]) }
    }
    return states
      + zip(outputs, areReversed).map { passes, isReversed in
        .stacked(isReversed == 1 ? passes.reversed() : passes, axis: 0)
      }
  }
}

extension ONNXGraph.Node {
  fileprivate func integer(_ name: String) -> Int? {
    guard case .integer(let value) = attributes.first(where: { $0.name == name })?.value else {
      return nil
    }
    return value
  }

  fileprivate func integers(_ name: String) -> [Int]? {
    guard case .integers(let values) = attributes.first(where: { $0.name == name })?.value else {
      return nil
    }
    return values
  }
}

extension ONNXGraph.Initializer {
  /// The elements as numbers.
  fileprivate var elements: [Float] {
    bytes.withUnsafeBytes { buffer in
      switch type {
      case .float:
        stride(from: 0, to: buffer.count, by: 4).map {
          Float(bitPattern: buffer.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
        }
      case .int64:
        stride(from: 0, to: buffer.count, by: 8).map {
          Float(buffer.loadUnaligned(fromByteOffset: $0, as: Int64.self))
        }
      case .bool: buffer.map { Float($0) }
      }
    }
  }
}
