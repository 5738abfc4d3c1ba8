/// The attention of a sequence to itself by several heads, and a dense layer after it:
/// `[batch, time, width] → [batch, time, width]`.
///
/// Queries, keys and values are thirds of one dense layer's outputs, in this order; head i has elements
/// i · width / heads and the following of each. The parameters are those of two `Linear`.
///
/// A. Vaswani et al., "Attention Is All You Need" (2017).
public struct MultiHeadAttention: Module {
  /// width → 3 · width.
  public let qkv: Linear
  /// width → width.
  public let projection: Linear
  public let heads: Int
  public let isCausal: Bool

  /// A layer with fresh parameters.
  ///
  /// - Parameters:
  ///   - width: the extent of the last axis.
  ///   - heads: their number, which divides `width`.
  ///   - isCausal: whether an element looks at itself and earlier ones only; default: false.
  ///   - bias: whether the dense layers have one; default: true.
  public init(_ width: Int, heads: Int, isCausal: Bool = false, bias: Bool = true) {
    require(
      width > 0 && heads > 0 && width % heads == 0,
      "MultiHeadAttention: width \(width), \(heads) heads")
    qkv = Linear(width, 3 * width, bias: bias)
    projection = Linear(width, width, bias: bias)
    (self.heads, self.isCausal) = (heads, isCausal)
  }

  /// PyTorch's files have `in_proj_weight` and `out_proj.weight`, MLX's a `query_proj`, `key_proj` and `value_proj`
  /// beside `out_proj`.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    func inner(_ name: String, _ tensor: Tensor) -> [TensorPlacement] {
      switch layout {
      case .pytorch: return [TensorPlacement("in_proj_\(name)", tensor)]
      case .mlx:
        let width = tensor.shape[0] / 3
        return ["query", "key", "value"].enumerated().map { number, part in
          TensorPlacement(
            "\(part)_proj.\(name)", tensor, rows: number * width..<(number + 1) * width)
        }
      }
    }
    return inner("weight", qkv.weight) + (qkv.bias.map { inner("bias", $0) } ?? [])
      + projection.placements(in: layout).within("out_proj")
  }

  /// `[batch, time, width] → [batch, time, width]`
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, keyMask: nil) }

  /// The same, where not all elements of a sequence can be looked at.
  ///
  /// - Parameter keyMask: `[batch, time]`, not 0 where an element can. One that can look at none gives NaN.
  public func callAsFunction(_ x: Tensor, keyMask: Tensor?) -> Tensor {
    let width = projection.weight.shape[0]
    require(
      x.shape.count == 3 && x.shape[2] == width,
      "MultiHeadAttention: \(x.shape) into width \(width): it must be [batch, time, width]")
    let (batch, time) = (x.shape[0], x.shape[1])
    require(
      keyMask.map { $0.shape == [batch, time] } ?? true,
      "MultiHeadAttention: \(x.shape) with a key mask \(keyMask!.shape): it must be [batch, time]")
    return projection(qkv(x).selfAttention(heads: heads, isCausal: isCausal, keyMask: keyMask))
  }
}
