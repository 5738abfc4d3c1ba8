import Datasets
import Hypertower

/// A trained network as a list of layers with their weights, as a Swift source file has it.
struct InferenceNetwork {
  /// What the network is given.
  enum Input {
    /// Features of a shape, `[batch] + shape`, as training scaled them.
    case features(shape: [Int])
    /// Numbers of characters in the vocabulary, `[batch, length]`.
    case tokens(length: Int, vocabulary: Vocabulary)
  }

  /// An array of weights, row after row.
  struct Weights {
    let shape: [Int]
    let elements: [Float]
  }

  indirect enum Layer {
    /// x·Wᵀ + b, `[…, in] → […, out]`, with W `[out, in]`.
    case linear(weight: Weights, bias: [Float]?)
    case tanh
    case relu
    /// x · Φ(x).
    case gelu
    /// log(softmax x) along the last axis.
    case logSoftmax
    /// `[batch, in, height, width] → [batch, out, rows, columns]`, with W `[out, in, side, side]`.
    case convolution(weight: Weights, bias: [Float], stride: Int, padding: Int)
    /// The greatest element of each square of a side, whose distance is the side.
    case maxPool(side: Int)
    /// `[batch, channels, height, width] → [batch, channels]`
    case globalAveragePool
    /// `[batch, …] → [batch, features]`
    case flatten
    /// Rows of a table, `[batch, time] → [batch, time, width]`.
    case embedding(Weights)
    /// Adds a row to each place of a sequence, `[time, width]`.
    case positions(Weights)
    /// Along the last axis; see `LayerNorm`.
    case layerNorm(weight: [Float], bias: [Float], epsilon: Float)
    /// `[batch, time, 3 · width] → [batch, time, width]`; see `Tensor.selfAttention`.
    case causalAttention(heads: Int)
    /// `[batch, time, in] → [batch, time, hidden]`, from a state of zeros; see `LSTM`.
    case lstm(RecurrentWeights)
    /// The same; see `GRU`.
    case gru(RecurrentWeights)
    /// What layers make of x is added to x, or of images to every so many rows and columns of x, with zeros for
    /// the channels that are new.
    case residual([Layer], stride: Int = 1, newChannels: Int = 0)
  }

  /// The weights of a recurrent layer, with gates in the order of `RecurrentLayer`.
  struct RecurrentWeights {
    /// `[gates · hidden, in]`
    let input: Weights
    /// `[gates · hidden, hidden]`
    let hidden: Weights
    let inputBias: [Float]
    let hiddenBias: [Float]
  }

  /// Their outputs are log-probabilities of each class, `[batch, classes]`, or of each next character,
  /// `[batch, length, vocabulary]`, or values, `[batch, count]`, as training scaled them.
  let layers: [Layer]
  let input: Input
  /// The number of classes, of characters, or of values.
  let outputCount: Int
  let predictsValues: Bool

  /// The shape of an input without the axis of samples.
  var inputShape: [Int] {
    switch input {
    case .features(let shape): shape
    case .tokens(let length, _): [length]
    }
  }

  /// The shape of an output without the axis of samples.
  var outputShape: [Int] {
    switch input {
    case .features: [outputCount]
    case .tokens(let length, _): [length, outputCount]
    }
  }
}
