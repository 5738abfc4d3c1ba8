/// Attention whose weights are never in memory together: softmax(scale · Q·Kᵀ) · V by blocks of keys, of which each
/// query keeps the greatest score and the sum of the exponentials so far. What it sends back computes the weights again,
/// from the logarithm of that sum.
///
/// T. Dao et al., "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness" (2022); M. Rabe and
/// C. Staats, "Self-attention Does Not Need O(n²) Memory" (2021).
package struct Attention: Hashable, Sendable {
  /// What products of queries and keys are multiplied by.
  package let scale: Double
  /// Whether query i looks at keys 0...i only.
  package let isCausal: Bool

  /// What there is besides the node's own elements.
  package enum Result: Hashable, Sendable {
    /// Of attention: log Σ exp(scores) of each query, `[…, queries]`.
    case logSums
    /// Of its gradient: the cotangent of the keys, in their shape.
    case keys
    /// The same of the values.
    case values
  }

  package init(scale: Double, isCausal: Bool) {
    (self.scale, self.isCausal) = (scale, isCausal)
  }

  /// The number of keys from which on scores are too many for a cache.
  static let leastKeys = 65
  /// The greatest width and depth of a head of which a work-group keeps a block at hand.
  static let greatestWidth = 256

  /// Whether these are sizes for blocks; else products and a softmax of whole matrices take less time.
  static func pays(queries: Shape, keys: Shape, values: Shape) -> Bool {
    let widths = [queries, values].map { $0[$0.count - 1] }
    return keys[keys.count - 2] >= leastKeys && widths.allSatisfy { 1...greatestWidth ~= $0 }
      && ![queries, keys, values].joined().contains(0)
  }

  /// `[…, queries, width], […, keys, width], […, keys, depth] → […, queries, depth]`, of equal leading axes.
  func callAsFunction(_ queries: Tensor, _ keys: Tensor, _ values: Tensor) -> Tensor {
    queries.recording(
      .attention(self), with: [keys, values],
      shape: Shape(queries.shape.dropLast()) + values.shape.suffix(1))
  }

  /// The cotangents of queries, keys and values.
  func pullback(_ queries: Tensor, _ keys: Tensor, _ values: Tensor, cotangent: Tensor) -> [Tensor]
  {
    let means = self(queries, keys, values)
    let logSums = means.recording(
      .attentionResult(.logSums), shape: Shape(queries.shape.dropLast()))
    let own = queries.recording(
      .attentionGradient(self), with: [keys, values, means, logSums, cotangent],
      shape: queries.shape)
    let all = [
      own, own.recording(.attentionResult(.keys), shape: keys.shape),
      own.recording(.attentionResult(.values), shape: values.shape),
    ]
    // Derivatives of the cotangents are those of whole matrices.
    let symbols = composedPullback(queries, keys, values, cotangent: cotangent)
    return zip(all, symbols).map { $0.differentiated(as: $1) }
  }

  // MARK: Whole matrices

  /// The weights of the values, `[…, queries, keys]`.
  ///
  /// - Parameter mask: not 0 where a query may look at a key; default: everywhere.
  func weights(_ queries: Tensor, _ keys: Tensor, mask: Tensor? = nil) -> Tensor {
    var scores = queries.matmul(keys, transposeRight: true) * .constant(scale)
    if let mask {
      require(
        mask.shape.broadcast(with: scores.shape) == scores.shape,
        "attention: the mask \(mask.shape) does not stretch to \(scores.shape)")
      scores = .select(mask, scores, .constant(-.infinity))
    }
    if isCausal {
      let isLater = scores.coordinate(axis: -2).isLess(than: scores.coordinate(axis: -1))
      scores = .select(isLater, .constant(-.infinity), scores)
    }
    return scores.softmax()
  }

  /// With P the weights and Ō the cotangent: S̄ = P ∘ (Ō·Vᵀ − Σ P ∘ Ō·Vᵀ), Q̄ = scale · S̄·K, K̄ = scale · S̄ᵀ·Q,
  /// V̄ = Pᵀ·Ō.
  private func composedPullback(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, cotangent: Tensor
  ) -> [Tensor] {
    let weights = weights(queries, keys)
    let ofWeights = cotangent.matmul(values, transposeRight: true)
    let mean = (weights * ofWeights).sum([weights.shape.count - 1], keepingAxes: true)
    let ofScores = weights * (ofWeights - mean) * .constant(scale)
    return [
      ofScores.matmul(keys), ofScores.matmul(queries, transposeLeft: true),
      weights.matmul(cotangent, transposeLeft: true),
    ]
  }
}
