import Hypertower

/// The nodes of each kind of layer.
extension ONNXModel {
  /// Adds layers, one after another, and returns the name of what the last one makes of `x`.
  mutating func add(_ layers: [InferenceNetwork.Layer], to x: String) -> String {
    layers.reduce(x) { add($1, to: $0) }
  }

  private mutating func add(_ layer: InferenceNetwork.Layer, to x: String) -> String {
    switch layer {
    case .linear(let weight, let bias): return linear(x, weight, bias)
    case .tanh: return node("Tanh", [x])
    case .relu: return node("Relu", [x])
    case .gelu:
      let inner = node("Erf", [node("Mul", [x, weights([Float(0.5.squareRoot())], [])])])
      let half = node("Mul", [x, weights([0.5], [])])
      return node("Mul", [half, node("Add", [inner, weights([1], [])])])
    case .logSoftmax: return node("LogSoftmax", [x], [("axis", .integer(-1))])
    case .convolution(let weight, let bias, let stride, let padding):
      return node(
        "Conv", [x, weights(weight.elements, weight.shape), weights(bias, [bias.count])],
        [
          ("kernel_shape", .integers([weight.shape[2], weight.shape[3]])),
          ("strides", .integers([stride, stride])),
          ("pads", .integers([padding, padding, padding, padding])),
        ])
    case .maxPool(let side):
      return node(
        "MaxPool", [x],
        [("kernel_shape", .integers([side, side])), ("strides", .integers([side, side]))])
    case .globalAveragePool: return add(.flatten, to: node("GlobalAveragePool", [x]))
    case .flatten: return node("Flatten", [x], [("axis", .integer(1))])
    case .embedding(let table):
      return node("Gather", [weights(table.elements, table.shape), x], [("axis", .integer(0))])
    case .positions(let rows): return node("Add", [x, weights(rows.elements, rows.shape)])
    case .layerNorm(let weight, let bias, let epsilon):
      return node(
        "LayerNormalization",
        [x, weights(weight, [weight.count]), weights(bias, [bias.count])],
        [("axis", .integer(-1)), ("epsilon", .float(epsilon))])
    case .causalAttention(let heads, let time, let width):
      return causalAttention(x, heads: heads, time: time, width: width)
    // ONNX has the gates in the order input, output, forget, cell.
    case .lstm(let own): return recurrent("LSTM", x, own, gates: [0, 3, 1, 2], [])
    // In the order update, reset, new.
    case .gru(let own):
      return recurrent(
        "GRU", x, own, gates: [1, 0, 2], [("linear_before_reset", .integer(1))])
    case .residual(let layers, let stride, let newChannels):
      let change = add(layers, to: x)
      return node("Add", [shortcut(x, stride: stride, newChannels: newChannels), change])
    }
  }

  private mutating func linear(
    _ x: String, _ weight: InferenceNetwork.Weights, _ bias: [Float]?
  ) -> String {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    // Gemm takes matrices alone, MatMul sequences of any rank, but no transposed weight.
    let transposed = (0..<inputs).flatMap { column in
      (0..<outputs).map { weight.elements[$0 * inputs + column] }
    }
    let product = node("MatMul", [x, weights(transposed, [inputs, outputs])])
    return bias.map { node("Add", [product, weights($0, [outputs])]) } ?? product
  }

  private mutating func shortcut(_ x: String, stride: Int, newChannels: Int) -> String {
    var x = x
    if stride > 1 {
      x = node(
        "Slice",
        [
          x, integers([0, 0]), integers([Int(Int32.max), Int(Int32.max)]), integers([2, 3]),
          integers([stride, stride]),
        ])
    }
    if newChannels > 0 {
      // How much there is before each axis, and then after each.
      x = node("Pad", [x, integers([0, 0, 0, 0, 0, newChannels, 0, 0])])
    }
    return x
  }

  private mutating func causalAttention(
    _ x: String, heads: Int, time: Int, width: Int
  ) -> String {
    // A 0 keeps the axis as it is; [batch, time, third, head, depth] → [third, batch, head, time, depth].
    let parts = node(
      "Transpose", [node("Reshape", [x, integers([0, 0, 3, heads, -1])])],
      [("perm", .integers([2, 0, 3, 1, 4]))])
    let thirds = (0..<3).map { third in
      node(
        "Squeeze",
        [
          node(
            "Slice", [parts, integers([third]), integers([third + 1]), integers([0])]),
          integers([0]),
        ])
    }
    let keys = node("Transpose", [thirds[1]], [("perm", .integers([0, 1, 3, 2]))])
    let scale = weights([1 / Float(width / heads).squareRoot()], [])
    let scores = node("Mul", [node("MatMul", [thirds[0], keys]), scale])
    // −∞ where a key comes after the query.
    let mask = (0..<time).flatMap { query in
      (0..<time).map { $0 > query ? -Float.infinity : 0 }
    }
    let shares = node(
      "Softmax", [node("Add", [scores, weights(mask, [time, time])])], [("axis", .integer(-1))])
    let mixed = node(
      "Transpose", [node("MatMul", [shares, thirds[2]])], [("perm", .integers([0, 2, 1, 3]))])
    return node("Reshape", [mixed, integers([0, 0, width])])
  }

  private mutating func recurrent(
    _ operation: String, _ x: String, _ own: InferenceNetwork.RecurrentWeights, gates: [Int],
    _ attributes: [(String, Attribute)]
  ) -> String {
    func inOrder(_ rows: [Float]) -> [Float] {
      InferenceNetwork.RecurrentWeights.reordered(rows, gates: gates)
    }
    let rows = own.input.shape[0]
    let sequence = node("Transpose", [x], [("perm", .integers([1, 0, 2]))])
    // [time, directions, batch, hidden] → [batch, time, hidden]
    let states = node(
      operation,
      [
        sequence, weights(inOrder(own.input.elements), [1, rows, own.input.shape[1]]),
        weights(inOrder(own.hidden.elements), [1, rows, own.hiddenCount]),
        weights(inOrder(own.inputBias) + inOrder(own.hiddenBias), [1, 2 * rows]),
      ], [("hidden_size", .integer(own.hiddenCount))] + attributes)
    return node(
      "Transpose", [node("Squeeze", [states, integers([1])])], [("perm", .integers([1, 0, 2]))])
  }
}
