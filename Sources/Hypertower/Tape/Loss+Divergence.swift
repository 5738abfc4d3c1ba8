/// Losses of distributions against distributions.
extension Tensor {
  /// The mean over the batch of Σ t · (ln t − x) over classes, of these log-probabilities x and the probabilities t
  /// that they should be; what a target of 0 adds is 0.
  ///
  /// S. Kullback, R. Leibler, "On Information and Sufficiency" (1951).
  ///
  /// - Parameter targets: probabilities, of the same shape, `[batch, …]`.
  public func kullbackLeiblerDivergence(_ targets: Tensor) -> Tensor {
    require(
      shape == targets.shape && !shape.isEmpty,
      "kullbackLeiblerDivergence: \(shape) with targets \(targets.shape)")
    let isPossible = Tensor.constant(0).isLess(than: targets)
    let logarithm = Tensor.select(isPossible, targets, .constant(1)).log()
    return (targets * (logarithm - self)).sum() / .constant(Double(shape[0]))
  }
}
