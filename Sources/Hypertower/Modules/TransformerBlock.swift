/// Attention and two dense layers, each normalized before and added to its input:
/// `[batch, time, width] → [batch, time, width]`.
///
/// y = x + attention(norm1(x)); y + down(gelu(up(norm2(y)))).
///
/// The order is that of A. Radford et al., "Language Models are Unsupervised Multitask Learners" (2019).
public struct TransformerBlock: Module {
  public let norm1: LayerNorm
  public let attention: MultiHeadAttention
  public let norm2: LayerNorm
  /// width → hidden.
  public let up: Linear
  /// hidden → width.
  public let down: Linear

  /// A block with fresh parameters.
  ///
  /// - Parameters:
  ///   - width: the extent of the last axis.
  ///   - heads: their number, which divides `width`.
  ///   - hidden: the width between the dense layers; default: 4 · width.
  ///   - isCausal: whether an element looks at itself and earlier ones only; default: false.
  public init(_ width: Int, heads: Int, hidden: Int? = nil, isCausal: Bool = false) {
    norm1 = LayerNorm(width)
    attention = MultiHeadAttention(width, heads: heads, isCausal: isCausal)
    norm2 = LayerNorm(width)
    up = Linear(width, hidden ?? 4 * width)
    down = Linear(hidden ?? 4 * width, width)
  }

  /// Those of PyTorch's and MLX's `TransformerEncoderLayer`, which must normalize first and apply GELU; in MLX's the
  /// attention must be one with biases.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    let (attentionName, normName) =
      switch layout {
      case .pytorch: ("self_attn", "norm")
      case .mlx: ("attention", "ln")
      }
    return attention.placements(in: layout).within(attentionName)
      + norm1.placements(in: layout).within("\(normName)1")
      + norm2.placements(in: layout).within("\(normName)2")
      + up.placements(in: layout).within("linear1") + down.placements(in: layout).within("linear2")
  }

  /// `[batch, time, width] → [batch, time, width]`
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, keyMask: nil) }

  /// The same, where not all elements of a sequence can be looked at.
  ///
  /// - Parameter keyMask: `[batch, time]`, not 0 where an element can. One that can look at none gives NaN.
  public func callAsFunction(_ x: Tensor, keyMask: Tensor?) -> Tensor {
    let x = x + attention(norm1(x), keyMask: keyMask)
    return x + down(up(norm2(x)).gelu())
  }
}
