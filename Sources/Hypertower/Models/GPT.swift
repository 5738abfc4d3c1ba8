/// A transformer of sequences of tokens, `[batch, time] → [batch, time, vocabulary]`, logits of each next token.
///
/// The sum of a token's and a place's embedding goes through blocks x + projection(attention(norm1 x)),
/// x + down(gelu(up(norm2 x))) and a last norm; the logits are products with the tokens' embeddings.
///
/// A. Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), with the first values of
/// A. Karpathy's nanoGPT: N(0, 0.02), the layers that are added to x 0.02/√(2 · blocks), biases 0.
public struct GPT: Module {
  /// A vector for each token of the vocabulary, also what the logits are products with.
  public let token: Embedding
  /// A vector for each place of the context.
  public let position: Embedding
  /// The blocks, first to last.
  public let blocks: [Block]
  /// What normalizes the last block's output.
  public let norm: LayerNorm

  /// Causal attention and two dense layers, each normalized before and added to its input.
  public struct Block: Module {
    /// What normalizes the input of the attention.
    public let norm1: LayerNorm
    /// Queries, keys and values, width → 3 · width.
    public let attention: Linear
    /// What the heads found, width → width.
    public let projection: Linear
    /// What normalizes the input of the dense layers.
    public let norm2: LayerNorm
    /// width → 4 · width.
    public let up: Linear
    /// 4 · width → width.
    public let down: Linear
    /// The number of heads, which divides the width.
    public let heads: Int

    init(_ width: Int, heads: Int, standardDeviation: Float, residual: Float) {
      func linear(_ inputs: Int, _ outputs: Int, _ deviation: Float) -> Linear {
        Linear(inputs, outputs, initializer: .normal(standardDeviation: deviation))
      }
      norm1 = LayerNorm(width)
      attention = linear(width, 3 * width, standardDeviation)
      projection = linear(width, width, residual)
      norm2 = LayerNorm(width)
      up = linear(width, 4 * width, standardDeviation)
      down = linear(4 * width, width, residual)
      self.heads = heads
    }

    public func callAsFunction(_ x: Tensor) -> Tensor {
      let mixed = attention(norm1(x)).selfAttention(heads: heads, isCausal: true)
      let x = x + projection(mixed)
      return x + down(up(norm2(x)).gelu())
    }
  }

  /// The greatest number of tokens of a sequence.
  public var context: Int { position.weight.shape[0] }

  /// - Parameters:
  ///   - vocabulary: the number of tokens.
  ///   - context: the greatest number of tokens of a sequence; default: 64.
  ///   - width: default: 128.
  ///   - layers: the number of blocks; default: 4.
  ///   - heads: their number, which divides `width`; default: 4.
  public init(
    vocabulary: Int, context: Int = 64, width: Int = 128, layers: Int = 4, heads: Int = 4
  ) {
    require(
      width > 0 && heads > 0 && layers > 0 && width % heads == 0,
      "GPT: width \(width), \(heads) heads, \(layers) layers: the width must be a multiple of the heads"
    )
    let deviation: Float = 0.02
    token = Embedding(vocabulary, width, initializer: .normal(standardDeviation: deviation))
    position = Embedding(context, width, initializer: .normal(standardDeviation: deviation))
    blocks = (0..<layers).map { _ in
      Block(
        width, heads: heads, standardDeviation: deviation,
        residual: deviation / Float(2 * layers).squareRoot())
    }
    norm = LayerNorm(width)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    require(
      x.shape.count == 2 && x.shape[1] <= context,
      "GPT: \(x.shape) must be [batch, time] with at most \(context) tokens")
    let start = token(x) + position.weight.sliced(0..<x.shape[1], axis: 0)
    let features = norm(blocks.reduce(start) { $1($0) })
    return features.matmul(token.weight, transposeRight: true)
  }
}
