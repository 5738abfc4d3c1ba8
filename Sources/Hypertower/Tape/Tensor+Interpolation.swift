extension Tensor {
  /// Images whose pixels lie at other places of these, by linear interpolation along rows and columns:
  /// `[batch, channels, height, width] → [batch, channels, height, width]`.
  ///
  /// Places are numbers of pixels, at whose centres their values are taken; a place that is more than a pixel outside has
  /// the value 0. Each axis is a product with a matrix of max(0, 1 − |place − pixel|), so that whole places give pixels
  /// as they are.
  ///
  /// - Parameters:
  ///   - rows: the place of each row, `[batch, 1, height, 1]`.
  ///   - columns: the place of each column, `[batch, 1, width, 1]`.
  func interpolated(rows: Tensor, columns: Tensor) -> Tensor {
    Self.weights(of: rows).matmul(self).matmul(Self.weights(of: columns), transposeRight: true)
  }

  /// How much each pixel counts at each place, `[batch, 1, n, 1] → [batch, 1, n, n]`.
  private static func weights(of places: Tensor) -> Tensor {
    let (batch, extent) = (places.shape[0], places.shape[2])
    let wide = places.broadcast(to: [batch, 1, extent, extent])
    return (1 - (wide - wide.coordinate(axis: 3)).magnitude).relu()
  }
}
