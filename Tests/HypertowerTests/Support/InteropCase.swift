@testable import Hypertower

/// A module whose weights PyTorch and MLX read and write: `Tests/Interop/weight_models.py` has the same under the same
/// names.
struct InteropCase {
  let name: String
  /// The shape of a sample.
  let sample: Shape
  /// The number of tokens, of a model that takes them.
  let tokens: Int?
  let module: any Module

  /// Recurrent layers under a name, as MLX needs for a list of them.
  struct Recurrent: Module {
    let rnn: any Module

    init(_ rnn: any Module) { self.rnn = rnn }

    func callAsFunction(_ x: Tensor) -> Tensor { rnn(x) }
  }

  init(_ name: String, _ sample: Shape, tokens: Int? = nil, _ module: any Module) {
    (self.name, self.sample, self.tokens, self.module) = (name, sample, tokens, module)
  }

  static var all: [InteropCase] {
    [
      InteropCase("linear", [3, 5], Linear(5, 4)),
      InteropCase("linear_without_bias", [5], Linear(5, 4, bias: false)),
      InteropCase("conv1d", [4, 9], Conv1D(4, 6, size: 3, stride: 2, padding: 1, groups: 2)),
      InteropCase("conv2d", [2, 7, 6], Conv2D(2, 5, size: 3, padding: 1, dilation: 2)),
      InteropCase("conv2d_square", [3, 7, 6], Conv2D(3, 4, size: 3, stride: 2, bias: false)),
      InteropCase(
        "conv_transpose2d", [3, 4, 5], ConvTranspose2D(3, 2, size: 3, stride: 2, padding: 1)),
      InteropCase("batch_norm", [3, 4, 5], BatchNorm(3)),
      InteropCase("layer_norm", [4, 6], LayerNorm(6)),
      InteropCase("group_norm", [4, 3, 3], GroupNorm(2, 4)),
      InteropCase("rms_norm", [4, 6], RMSNorm(6, epsilon: 1e-5)),
      InteropCase("embedding", [5], tokens: 7, Embedding(7, 4)),
      InteropCase("lstm", [6, 3], LSTM(3, 4)),
      InteropCase("lstm_two_layers", [6, 3], Recurrent(LSTM(3, 4, layers: 2))),
      InteropCase(
        "lstm_both_directions", [6, 3], Recurrent(LSTM(3, 4, layers: 2, isBidirectional: true))),
      InteropCase("gru", [6, 3], GRU(3, 4)),
      InteropCase("gru_two_layers", [6, 3], Recurrent(GRU(3, 4, layers: 2))),
      InteropCase("gru_both_directions", [6, 3], Recurrent(GRU(3, 4, isBidirectional: true))),
      InteropCase("attention", [5, 6], MultiHeadAttention(6, heads: 2)),
      InteropCase(
        "attention_without_bias", [5, 6],
        MultiHeadAttention(6, heads: 3, isCausal: true, bias: false)),
      InteropCase("transformer_block", [5, 6], TransformerBlock(6, heads: 2, hidden: 9)),
      InteropCase(
        "sequential", [2, 6, 6],
        Sequential(
          Conv2D(2, 4, size: 3), BatchNorm(4), Activation.relu, GlobalAveragePool(), Linear(4, 3))),
      InteropCase("dense", [5], DenseNetwork(widths: [5, 4, 3])),
      InteropCase(
        "cnn", [1, 14, 12], CNN(image: [1, 14, 12], classes: 3, channels: (3, 4), kernel: 3)),
      InteropCase(
        "resnet", [3, 8, 8], ResNet(image: [3, 8, 8], classes: 3, blocksPerStage: 1, width: 4)),
      InteropCase(
        "recurrent_model", [6], tokens: 7,
        RecurrentModel(vocabulary: 7, embedding: 3, hidden: 4, layers: 2)),
      InteropCase(
        "gpt", [6], tokens: 7, GPT(vocabulary: 7, context: 6, width: 8, layers: 2, heads: 2)),
    ]
  }

  /// A trainer of the module on the CPU.
  func trainer() throws -> Trainer {
    try Trainer(
      module, loss: .meanSquaredError, sampleShape: sample, optimizer: SGD(), on: .cpu)
  }

  /// Weights unlike those that modules begin with: biases other than 0, statistics other than 0 and 1.
  func drawnWeights(seed: UInt64) throws -> SafetensorsFile {
    var random = SplitMix(state: seed)
    let entries = try trainer().weights().entries.map { entry in
      let count = entry.shape.reduce(1, *)
      let range: ClosedRange<Double> = entry.name.hasSuffix("running_var") ? 0.5...1.5 : -0.5...0.5
      let values = (0..<count).map { _ in random.single(in: range) }
      return SafetensorsFile.Entry(name: entry.name, shape: entry.shape, floats: values)
    }
    return SafetensorsFile(entries)
  }

  /// The elements of some samples.
  func drawnInputs(count: Int, seed: UInt64) -> [Float] {
    var random = SplitMix(state: seed)
    return (0..<count * sample.elementCount).map { _ -> Float in
      guard let tokens else { return random.single(in: -1...1) }
      return Float(random.below(tokens))
    }
  }
}
