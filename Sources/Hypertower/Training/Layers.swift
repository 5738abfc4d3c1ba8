/// A dense layer: x·Wᵀ + b, `[batch, inputs] → [batch, outputs]`.
public struct Linear: Module {
  /// W, `[outputs, inputs]`, drawn uniformly from ±1/√inputs.
  public let weight: Tensor
  /// b, `[outputs]`, zeros at first.
  public let bias: Tensor

  /// A layer with fresh parameters.
  ///
  /// - Parameters:
  ///   - inputs: the number of features of a sample before the layer.
  ///   - outputs: the number behind it.
  public init(_ inputs: Int, _ outputs: Int) {
    require(inputs > 0 && outputs > 0, "Linear: \(inputs) inputs, \(outputs) outputs")
    weight = .parameter(
      shape: [outputs, inputs], initializer: .kaimingUniform(fanIn: inputs))
    bias = .parameter(shape: [outputs], initializer: .constant(0))
  }

  /// `[batch, inputs] → [batch, outputs]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.matmul(weight, transposeRight: true) + bias
  }
}

/// An elementwise function between layers.
public enum Activation: String, Sendable, CaseIterable {
  case identity
  case tanh
  case sigmoid
  case relu

  /// The function, applied to every element.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .identity: x
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .relu: x.relu()
    }
  }
}

/// Modules applied one after another.
public struct Sequential: Module {
  /// The modules, the first applied first.
  public let layers: [any Module]

  /// Modules in the order in which they are applied.
  public init(_ layers: [any Module]) { self.layers = layers }

  /// Modules in the order in which they are applied.
  public init(_ layers: any Module...) { self.layers = layers }

  /// What the last module makes of what the others make of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
}

extension Activation: Module {
  public var parameters: [(name: String, tensor: Tensor)] { [] }
}

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
      [("w\(number + 1)", layer.weight), ("b\(number + 1)", layer.bias)]
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
