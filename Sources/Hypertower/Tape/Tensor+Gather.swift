extension Tensor {
  /// The rows of this table at `indices`: `[rows, width]`, `[…] → […, width]`.
  ///
  /// An index that is no whole number in `0..<rows` gives a row of NaN, and no gradient.
  ///
  /// - Parameter indices: whole numbers.
  public func gather(_ indices: Tensor) -> Tensor {
    require(
      shape.count == 2, "gather: \(shape) at indices \(indices.shape): a table is [rows, width]")
    let count = indices.shape.elementCount
    // As a product, its gradient adds the rows of equal indices up in a fixed order.
    let chosen = indices.reshaped([count]).oneHot(shape[0])
    let isRow = chosen.sum([1], keepingAxes: true)
    return Tensor.select(isRow, chosen.matmul(self), .constant(.nan))
      .reshaped(indices.shape + [shape[1]])
  }
}
