/// Layers of gated recurrent units, `[batch, time, inputs] → [batch, time, outputs]`, where there are as many
/// outputs as hidden units, or twice as many in both directions.
///
/// r, z = σ(x·W_ihᵀ + b_ih + h·W_hhᵀ + b_hh); n = tanh(W_in·x + b_in + r·(W_hn·h + b_hn)); h ← (1 − z)·n + z·h.
///
/// K. Cho et al., "Learning Phrase Representations using RNN Encoder–Decoder", EMNLP 2014, arXiv 1406.1078, in
/// PyTorch's form, with its names, order and first values of the parameters.
public struct GRU: Module {
  /// The layers' weights, the input's first.
  public let layers: [RecurrentLayer]

  /// - Parameters:
  ///   - inputs: the number of features before the first layer.
  ///   - hidden: the number of hidden units of each layer and direction.
  ///   - layers: how many there are, one upon the other; default: 1.
  ///   - isBidirectional: whether each layer goes through time in both directions; default: false.
  public init(_ inputs: Int, _ hidden: Int, layers: Int = 1, isBidirectional: Bool = false) {
    self.layers = RecurrentLayer.layers(
      inputs, hidden, gates: 3, count: layers, isBidirectional: isBidirectional)
  }

  public var parameters: [(name: String, tensor: Tensor)] { layers.flatMap(\.parameters) }

  /// As in PyTorch. In MLX's files a layer's `b` has the sums of both biases of r and z, which are read as the
  /// inputs', and `bhn` the hidden state's of n; layers and directions are named as those of `LSTM`.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    RecurrentLayer.placements(of: layers, in: layout) { layer in
      let hidden = layer.hidden
      return [
        TensorPlacement("b", layer.inputBias),
        TensorPlacement("b", layer.hiddenBias, rows: 0..<2 * hidden, isAddend: true),
        TensorPlacement("bhn", layer.hiddenBias, rows: 2 * hidden..<3 * hidden),
      ]
    }
  }

  /// The outputs, from an initial state of zeros.
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, initialState: nil).outputs }

  /// - Parameters:
  ///   - x: `[batch, time, inputs]`.
  ///   - initialState: h, `[layers · directions, batch, hidden]`; default: zeros.
  /// - Returns: the last layer's outputs, and h after the last step, of the shape of the initial one.
  public func callAsFunction(
    _ x: Tensor, initialState: Tensor?
  ) -> (outputs: Tensor, h: Tensor) {
    let (outputs, states) = RecurrentLayer.apply(
      layers, to: x, initialStates: initialState.map { [$0] }, stateCount: 1,
      addsHiddenBias: false
    ) { states, gates, layer in
      let h = states[0]
      let own = h.matmul(layer.hiddenWeight, transposeRight: true) + layer.hiddenBias
      let hidden = layer.hidden
      func gate(_ sums: Tensor, _ number: Int) -> Tensor {
        sums.sliced(number * hidden..<(number + 1) * hidden, axis: 1)
      }
      let r = (gate(gates, 0) + gate(own, 0)).sigmoid()
      let z = (gate(gates, 1) + gate(own, 1)).sigmoid()
      let n = (gate(gates, 2) + r * gate(own, 2)).tanh()
      return [(1 - z) * n + z * h]
    }
    return (outputs, states[0])
  }
}
