extension Tensor {
  /// For each of these queries the mean of `values`, weighted by the softmax of how well their keys fit:
  /// softmax(Q·Kᵀ / √width) · V,
  /// `[…, queries, width], […, keys, width], […, keys, depth] → […, queries, depth]`.
  ///
  /// A query that may look at no key gives NaN.
  ///
  /// Without a mask, and of more than 64 keys of at most 256 elements, no more of the weights than a block is ever in
  /// memory; see `Attention`.
  ///
  /// A. Vaswani et al., "Attention Is All You Need" (2017).
  ///
  /// - Parameters:
  ///   - keys: what the queries are compared with.
  ///   - values: what the means are taken of.
  ///   - isCausal: whether query i looks at keys 0...i only; default: false.
  ///   - mask: not 0 where a query may look at a key, `[…, queries, keys]` or what stretches to it; default:
  ///     everywhere.
  public func attention(
    keys: Tensor, values: Tensor, isCausal: Bool = false, mask: Tensor? = nil
  ) -> Tensor {
    require(
      shape.count >= 2 && keys.shape.count >= 2 && values.shape.count >= 2
        && shape.last == keys.shape.last
        && keys.shape.dropLast().last == values.shape.dropLast().last,
      "attention: queries \(shape), keys \(keys.shape) and values \(values.shape): they must be "
        + "[…, queries, width], […, keys, width] and […, keys, depth]")
    let attention = Attention(
      scale: 1 / Double(shape[shape.count - 1]).squareRoot(), isCausal: isCausal)
    let leading = [self, keys, values].map { Shape($0.shape.dropLast(2)) }
    guard mask == nil, Attention.pays(queries: shape, keys: keys.shape, values: values.shape),
      let common = leading[0].broadcast(with: leading[1])?.broadcast(with: leading[2])
    else { return attention.weights(self, keys, mask: mask).matmul(values) }
    let all = [self, keys, values].map { $0.broadcast(to: common + $0.shape.suffix(2)) }
    return attention(all[0], all[1], all[2])
  }

  /// The attention of a sequence to itself by several heads, of queries, keys and values that are thirds of
  /// the last axis, in this order: `[batch, time, 3 · width] → [batch, time, width]`.
  ///
  /// Head i has elements i · width / heads and the following of each third.
  ///
  /// - Parameters:
  ///   - heads: their number, which divides the width.
  ///   - isCausal: whether an element looks at itself and earlier ones only; default: false.
  ///   - keyMask: `[batch, time]`, not 0 where an element can be looked at; default: everywhere.
  public func selfAttention(
    heads: Int, isCausal: Bool = false, keyMask: Tensor? = nil
  ) -> Tensor {
    require(
      shape.count == 3 && heads > 0 && shape[2] % (3 * heads) == 0,
      "selfAttention: \(shape) by \(heads) heads: it must be [batch, time, 3 · width], the width a multiple "
        + "of the heads")
    let (batch, time, width) = (shape[0], shape[1], shape[2] / 3)
    // [batch, time, third, head, depth] → [batch, head, time, depth]
    let parts = reshaped([batch, time, 3, heads, width / heads])
    let thirds = (0..<3).map { parts.element($0, axis: 2).transposed([0, 2, 1, 3]) }
    let mixed = thirds[0].attention(
      keys: thirds[1], values: thirds[2], isCausal: isCausal,
      mask: keyMask.map { $0.reshaped([batch, 1, 1, time]) })
    return mixed.transposed([0, 2, 1, 3]).reshaped([batch, time, width])
  }
}
