/// Losses of outputs against values of the same shape.
extension Tensor {
  /// The mean of the squared differences over all elements.
  public func meanSquaredError(_ targets: Tensor) -> Tensor {
    require(
      shape == targets.shape, "meanSquaredError: \(shape) with targets \(targets.shape)")
    let difference = self - targets
    return (difference * difference).mean()
  }

  /// The mean of the absolute differences over all elements; the derivative of a difference of 0 is 0.
  public func meanAbsoluteError(_ targets: Tensor) -> Tensor {
    require(
      shape == targets.shape, "meanAbsoluteError: \(shape) with targets \(targets.shape)")
    let difference = self - targets
    return (difference * difference.sign).mean()
  }

  /// The mean over all elements of d²/2 where |d| ≤ δ, else δ · (|d| − δ/2), of the differences d.
  ///
  /// P. Huber, "Robust Estimation of a Location Parameter" (1964).
  ///
  /// - Parameters:
  ///   - targets: of the same shape.
  ///   - delta: δ, greater than 0; default: 1.
  public func huberLoss(_ targets: Tensor, delta: Double = 1) -> Tensor {
    require(
      shape == targets.shape && delta > 0,
      "huberLoss: \(shape) with targets \(targets.shape), delta \(delta)")
    let difference = self - targets
    let magnitude = difference.magnitude
    return Tensor.select(
      magnitude.isAtMost(.constant(delta)), 0.5 * difference * difference,
      .constant(delta) * (magnitude - .constant(delta / 2))
    ).mean()
  }
}
