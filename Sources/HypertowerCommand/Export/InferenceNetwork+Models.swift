import Datasets
import Hypertower

/// The layers of each model.
extension InferenceNetwork {
  /// - Parameters:
  ///   - description: what the network is.
  ///   - module: the network itself.
  ///   - weights: its weights and states, under their names.
  init(_ description: NetworkDescription, _ module: any Module, _ weights: SafetensorsFile) {
    let named = NamedWeights(weights)
    let body: [Layer]
    switch module {
    case let network as DenseNetwork: body = Self.layers(of: network, named)
    case let network as CNN: body = Self.layers(of: network, named)
    case let network as ResNet: body = Self.layers(of: network, named)
    case let network as RecurrentModel: body = Self.layers(of: network, named)
    case let network as GPT: body = Self.layers(of: network, named)
    default: fatalError("InferenceNetwork: \(type(of: module)) has no layers for other programs")
    }
    switch description.input {
    case .images(let shape, let classes), .numbers(let shape, .classes(let classes)):
      input = Self.features(shape, module)
      (outputCount, predictsValues) = (classes, false)
    case .numbers(let shape, .values(let count)):
      input = Self.features(shape, module)
      (outputCount, predictsValues) = (count, true)
    case .text(let vocabulary):
      input = .tokens(length: description.choice.size(.length), vocabulary: vocabulary)
      (outputCount, predictsValues) = (vocabulary.count, false)
    }
    layers = body + (predictsValues ? [] : [.logSoftmax])
  }

  private static func features(_ shape: [Int], _ module: any Module) -> Input {
    .features(shape: module is DenseNetwork ? [shape.reduce(1, *)] : image(shape))
  }

  /// `[channels, height, width]`
  private static func image(_ shape: [Int]) -> [Int] { shape.count == 2 ? [1] + shape : shape }

  /// Weights by their names.
  private struct NamedWeights {
    private let file: SafetensorsFile

    init(_ file: SafetensorsFile) { self.file = file }

    subscript(name: String) -> Weights {
      guard let entry = file[name] else { fatalError("InferenceNetwork: there is no \(name)") }
      return Weights(shape: entry.shape, elements: entry.floats())
    }

    func linear(_ name: String) -> Layer {
      .linear(weight: self["\(name).weight"], bias: self["\(name).bias"].elements)
    }

    func norm(_ name: String, _ norm: LayerNorm) -> Layer {
      .layerNorm(
        weight: self["\(name).weight"].elements, bias: self["\(name).bias"].elements,
        epsilon: Float(norm.epsilon))
    }

    /// A convolution and, if it is followed by one, the batch normalization by the running means, as one.
    func convolution(
      _ name: String, _ layer: Conv2D, norm: (name: String, layer: BatchNorm)? = nil
    ) -> Layer {
      var weight = self["\(name).weight"]
      var bias =
        layer.bias.map { _ in self["\(name).bias"].elements }
        ?? [Float](repeating: 0, count: weight.shape[0])
      if let (norm, layer) = norm {
        let (gain, shift) = (self["\(norm).weight"].elements, self["\(norm).bias"].elements)
        let mean = self["\(norm).running_mean"].elements
        let variance = self["\(norm).running_var"].elements
        let size = weight.elements.count / gain.count
        let factors = gain.indices.map {
          Double(gain[$0]) / (Double(variance[$0]) + layer.epsilon).squareRoot()
        }
        weight = Weights(
          shape: weight.shape,
          elements: weight.elements.enumerated().map { Float(Double($1) * factors[$0 / size]) })
        bias = bias.indices.map {
          Float((Double(bias[$0]) - Double(mean[$0])) * factors[$0] + Double(shift[$0]))
        }
      }
      return .convolution(
        weight: weight, bias: bias, stride: layer.stride, padding: layer.padding)
    }
  }

  private static func layers(of network: DenseNetwork, _ weights: NamedWeights) -> [Layer] {
    network.layers.indices.flatMap { number -> [Layer] in
      let isLast = number == network.layers.count - 1
      let linear = Layer.linear(
        weight: weights["w\(number + 1)"], bias: weights["b\(number + 1)"].elements)
      let activation = layer(isLast ? network.outputActivation : network.activation)
      return [linear] + (activation.map { [$0] } ?? [])
    }
  }

  /// nil for the identity.
  private static func layer(_ activation: Activation) -> Layer? {
    switch activation {
    case .identity: nil
    case .tanh: .tanh
    case .relu: .relu
    case .gelu: .gelu
    case .sigmoid, .geluTanh, .silu, .softplus, .elu, .leakyReLU, .hardTanh:
      fatalError("InferenceNetwork: \(activation) has no layer for other programs")
    }
  }

  private static func layers(of network: CNN, _ weights: NamedWeights) -> [Layer] {
    [
      weights.convolution("conv1", network.conv1), .relu, .maxPool(side: 2),
      weights.convolution("conv2", network.conv2), .relu, .maxPool(side: 2),
      .flatten, weights.linear("fc"),
    ]
  }

  private static func layers(of network: ResNet, _ weights: NamedWeights) -> [Layer] {
    let blocks = network.blocks.enumerated().flatMap { number, block -> [Layer] in
      let name = "blocks.\(number)"
      let (inputs, outputs) = (block.conv1.weight.shape[1], block.conv2.weight.shape[0])
      return [
        .residual(
          [
            weights.convolution(
              "\(name).conv1", block.conv1, norm: ("\(name).norm1", block.norm1)), .relu,
            weights.convolution(
              "\(name).conv2", block.conv2, norm: ("\(name).norm2", block.norm2)),
          ], stride: block.conv1.stride, newChannels: outputs - inputs),
        .relu,
      ]
    }
    return [weights.convolution("conv", network.conv, norm: ("norm", network.norm)), .relu] + blocks
      + [.globalAveragePool, weights.linear("fc")]
  }

  private static func layers(of network: RecurrentModel, _ weights: NamedWeights) -> [Layer] {
    let isLSTM = network.rnn is LSTM
    let count = (network.rnn as? LSTM)?.layers.count ?? (network.rnn as! GRU).layers.count
    let recurrent = (0..<count).map { number -> Layer in
      let own = RecurrentWeights(
        input: weights["rnn.weight_ih_l\(number)"], hidden: weights["rnn.weight_hh_l\(number)"],
        inputBias: weights["rnn.bias_ih_l\(number)"].elements,
        hiddenBias: weights["rnn.bias_hh_l\(number)"].elements)
      return isLSTM ? .lstm(own) : .gru(own)
    }
    return [.embedding(weights["embedding.weight"])] + recurrent
      + [weights.linear("output")]
  }

  private static func layers(of network: GPT, _ weights: NamedWeights) -> [Layer] {
    let token = weights["token.weight"]
    let blocks = network.blocks.enumerated().flatMap { number, block -> [Layer] in
      let name = "blocks.\(number)"
      return [
        .residual([
          weights.norm("\(name).norm1", block.norm1), weights.linear("\(name).attention"),
          .causalAttention(heads: block.heads),
          weights.linear("\(name).projection"),
        ]),
        .residual([
          weights.norm("\(name).norm2", block.norm2), weights.linear("\(name).up"), .gelu,
          weights.linear("\(name).down"),
        ]),
      ]
    }
    return [.embedding(token), .positions(weights["position.weight"])] + blocks
      + [weights.norm("norm", network.norm), .linear(weight: token, bias: nil)]
  }
}
