/// Dense layers with an activation after each; the parameters are called w1, b1, w2, b2, ….
public struct DenseNetwork: Module {
  /// The dense layers, from the inputs to the outputs.
  public let layers: [Linear]
  /// What comes after every layer but the last.
  public let activation: Activation
  /// What comes after the last layer.
  public let outputActivation: Activation
  /// Whether the outputs are log-probabilities.
  public let endsInLogSoftmax: Bool

  /// - Parameters:
  ///   - widths: the number of inputs, of each hidden layer's outputs, and of outputs.
  ///   - activation: default: tanh.
  ///   - outputActivation: what follows the last layer; default: `activation`, as in the paper's
  ///     network.
  ///   - endsInLogSoftmax: default: true.
  public init(
    widths: [Int], activation: Activation = .tanh, outputActivation: Activation? = nil,
    endsInLogSoftmax: Bool = true
  ) {
    require(widths.count >= 2, "DenseNetwork: \(widths) names no inputs and outputs")
    layers = zip(widths, widths.dropFirst()).map { Linear($0, $1) }
    self.activation = activation
    self.outputActivation = outputActivation ?? activation
    self.endsInLogSoftmax = endsInLogSoftmax
  }

  public var parameters: [(name: String, tensor: Tensor)] {
    layers.enumerated().flatMap { number, layer in
      [("w\(number + 1)", layer.weight)] + (layer.bias.map { [("b\(number + 1)", $0)] } ?? [])
    }
  }

  /// Those of a `Sequential` of the layers with their activations between them, the first `0.weight` in PyTorch's
  /// files and `layers.0.weight` in MLX's, the second `2.weight`.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    layers.enumerated().flatMap { number, layer in
      layer.placements(in: layout)
        .within(layout == .mlx ? "layers.\(2 * number)" : "\(2 * number)")
    }
  }

  /// `[batch, widths.first] → [batch, widths.last]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    var x = x
    for layer in layers.dropLast() { x = activation(layer(x)) }
    x = outputActivation(layers[layers.count - 1](x))
    return endsInLogSoftmax ? x.logSoftmax() : x
  }
}
