/// Layers of long short-term memory, `[batch, time, inputs] → [batch, time, outputs]`, where there are as many
/// outputs as hidden units, or twice as many in both directions.
///
/// i, f, g, o = x·W_ihᵀ + b_ih + h·W_hhᵀ + b_hh; c ← σ(f)·c + σ(i)·tanh g, h ← σ(o)·tanh c.
///
/// S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997), with the forget gate
/// of F. Gers et al. (2000); names, order and first values of the parameters as PyTorch's.
public struct LSTM: Module {
  /// The layers' weights, the input's first.
  public let layers: [RecurrentLayer]

  /// - Parameters:
  ///   - inputs: the number of features before the first layer.
  ///   - hidden: the number of hidden units of each layer and direction.
  ///   - layers: how many there are, one upon the other; default: 1.
  ///   - isBidirectional: whether each layer goes through time in both directions; default: false.
  public init(_ inputs: Int, _ hidden: Int, layers: Int = 1, isBidirectional: Bool = false) {
    self.layers = RecurrentLayer.layers(
      inputs, hidden, gates: 4, count: layers, isBidirectional: isBidirectional)
  }

  public var parameters: [(name: String, tensor: Tensor)] { layers.flatMap(\.parameters) }

  /// As in PyTorch. In MLX's files a layer's `bias` is the sum of both; what is read is the inputs'.
  ///
  /// MLX has layers of one direction: several are a list, `0.Wx`, and directions are `0.forward.Wx` and
  /// `0.backward.Wx`.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    RecurrentLayer.placements(of: layers, in: layout) { layer in
      [
        TensorPlacement("bias", layer.inputBias),
        TensorPlacement("bias", layer.hiddenBias, isAddend: true),
      ]
    }
  }

  /// The outputs, from an initial state of zeros.
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, initialState: nil).outputs }

  /// - Parameters:
  ///   - x: `[batch, time, inputs]`.
  ///   - initialState: h and c, each `[layers · directions, batch, hidden]`; default: zeros.
  /// - Returns: the last layer's outputs, and h and c after the last step, of the shape of the initial ones.
  public func callAsFunction(
    _ x: Tensor, initialState: (h: Tensor, c: Tensor)?
  ) -> (outputs: Tensor, h: Tensor, c: Tensor) {
    let (outputs, states) = RecurrentLayer.apply(
      layers, to: x, initialStates: initialState.map { [$0.h, $0.c] }, stateCount: 2,
      addsHiddenBias: true
    ) { states, gates, layer in
      let sums = gates + states[0].matmul(layer.hiddenWeight, transposeRight: true)
      let hidden = layer.hidden
      func gate(_ number: Int) -> Tensor {
        sums.sliced(number * hidden..<(number + 1) * hidden, axis: 1)
      }
      let c = gate(1).sigmoid() * states[1] + gate(0).sigmoid() * gate(2).tanh()
      return [gate(3).sigmoid() * c.tanh(), c]
    }
    return (outputs, states[0], states[1])
  }
}
