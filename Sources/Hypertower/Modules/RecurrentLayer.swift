/// The weights of a recurrent layer in one direction.
public struct RecurrentLayer {
  /// The weight of the inputs, `[gates · hidden, inputs]`.
  public let inputWeight: Tensor
  /// The weight of the hidden state, `[gates · hidden, hidden]`.
  public let hiddenWeight: Tensor
  /// `[gates · hidden]`, added to the products with the inputs.
  public let inputBias: Tensor
  /// `[gates · hidden]`, added to the products with the hidden state.
  public let hiddenBias: Tensor
  /// Whether it goes through time from the end to the start.
  public let isReversed: Bool
  /// What its parameters' names end in: `l0`, or `l0_reverse`.
  let suffix: String

  /// The number of hidden units.
  public var hidden: Int { hiddenWeight.shape[1] }

  /// All uniform in ±1/√hidden at first.
  init(_ inputs: Int, _ hidden: Int, gates: Int, suffix: String, isReversed: Bool) {
    let initializer = Initializer.kaimingUniform(fanIn: hidden)
    inputWeight = .parameter(shape: [gates * hidden, inputs], initializer: initializer)
    hiddenWeight = .parameter(shape: [gates * hidden, hidden], initializer: initializer)
    inputBias = .parameter(shape: [gates * hidden], initializer: initializer)
    hiddenBias = .parameter(shape: [gates * hidden], initializer: initializer)
    (self.suffix, self.isReversed) = (suffix, isReversed)
  }

  var parameters: [(name: String, tensor: Tensor)] {
    [
      ("weight_ih_\(suffix)", inputWeight), ("weight_hh_\(suffix)", hiddenWeight),
      ("bias_ih_\(suffix)", inputBias), ("bias_hh_\(suffix)", hiddenBias),
    ]
  }

  /// Where the weights of layers lie in another library's file.
  ///
  /// - Parameter mlxBiases: where a layer's biases lie in MLX's.
  static func placements(
    of layers: [RecurrentLayer], in layout: WeightLayout,
    mlxBiases: (RecurrentLayer) -> [TensorPlacement]
  ) -> [TensorPlacement] {
    switch layout {
    case .pytorch:
      return layers.flatMap(\.parameters).map { TensorPlacement($0.name, $0.tensor) }
    case .mlx:
      let directions = layers.contains(where: \.isReversed) ? 2 : 1
      return layers.enumerated().flatMap { number, layer in
        let own =
          [TensorPlacement("Wx", layer.inputWeight), TensorPlacement("Wh", layer.hiddenWeight)]
          + mlxBiases(layer)
        let direction = layer.isReversed ? "backward" : "forward"
        let directed = directions == 1 ? own : own.within(direction)
        return layers.count == directions ? directed : directed.within("\(number / directions)")
      }
    }
  }

  static func layers(
    _ inputs: Int, _ hidden: Int, gates: Int, count: Int, isBidirectional: Bool
  ) -> [RecurrentLayer] {
    require(
      inputs > 0 && hidden > 0 && count > 0,
      "recurrent layers: \(inputs) inputs, \(hidden) hidden units, \(count) layers")
    return (0..<count).flatMap { number in
      let own = number == 0 ? inputs : hidden * (isBidirectional ? 2 : 1)
      return (isBidirectional ? [false, true] : [false]).map { isReversed in
        RecurrentLayer(
          own, hidden, gates: gates, suffix: "l\(number)" + (isReversed ? "_reverse" : ""),
          isReversed: isReversed)
      }
    }
  }

  /// Layers one upon the other.
  ///
  /// - Parameters:
  ///   - x: `[batch, time, inputs]`.
  ///   - initialStates: each `[layers, batch, hidden]`; nil: zeros.
  ///   - stateCount: the number of states of a layer, the first of which is its output.
  ///   - addsHiddenBias: whether the products with the inputs get both biases.
  ///   - step: the states of a layer after a step, from those before and the products with the inputs.
  /// - Returns: the outputs of the last layer, `[batch, time, outputs]`, and the states after the last step.
  static func apply(
    _ layers: [RecurrentLayer], to x: Tensor, initialStates: [Tensor]?, stateCount: Int,
    addsHiddenBias: Bool,
    _ step: ([Tensor], Tensor, RecurrentLayer) -> [Tensor]
  ) -> (outputs: Tensor, states: [Tensor]) {
    let inputs = layers[0].inputWeight.shape[1]
    require(
      x.shape.count == 3 && x.shape[2] == inputs && x.shape[1] > 0,
      "recurrent layers: \(x.shape) must be [batch, time, \(inputs)]")
    let batch = x.shape[0]
    if let initialStates {
      let wanted = [layers.count, batch, layers[0].hidden]
      for state in initialStates {
        require(state.shape == wanted, "recurrent layers: state \(state.shape) must be \(wanted)")
      }
    }
    // By time, so that what a step reads lies side by side.
    var sequence = x.transposed([1, 0, 2])
    var outputs: [Tensor] = []
    var finalStates: [[Tensor]] = []
    for (number, layer) in layers.enumerated() {
      let bias = addsHiddenBias ? layer.inputBias + layer.hiddenBias : layer.inputBias
      let gates = sequence.matmul(layer.inputWeight, transposeRight: true) + bias
      let initial = (0..<stateCount).map { state in
        initialStates.map { $0[state].element(number, axis: 0) }
          ?? Tensor(repeating: 0, shape: [batch, layer.hidden])
      }
      let (states, own) = Tensor.scan(
        initial, over: [gates], isReversed: layer.isReversed
      ) { states, inputs in
        let next = step(states, inputs[0], layer)
        return (next, [next[0]])
      }
      finalStates.append(states)
      outputs.append(own[0])
      let isWhole = number + 1 == layers.count || !layers[number + 1].isReversed
      if isWhole {
        sequence = outputs.count == 1 ? outputs[0] : .concatenated(outputs, axis: 2)
        outputs = []
      }
    }
    return (
      sequence.transposed([1, 0, 2]),
      (0..<stateCount).map { state in .stacked(finalStates.map { $0[state] }, axis: 0) }
    )
  }
}
