/// Random shifts: in training each image moves by whole pixels, other ones along rows and columns, and what it uncovers
/// is 0; in evaluation nothing changes. `[batch, channels, height, width]` → the same shape
public struct RandomShift: Module {
  /// The most pixels that an image moves by, in each direction.
  public let most: Int

  /// - Parameter most: at least 0; default: 2.
  public init(_ most: Int = 2) {
    require(most >= 0, "RandomShift: \(most) is less than 0")
    self.most = most
  }

  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    guard context.isTraining, most > 0 else { return x }
    requireImages(x, "RandomShift")
    /// The place that each pixel along an axis comes from.
    func places(_ extent: Int) -> Tensor {
      let numbers = context.uniform([x.shape[0], 1, 1, 1])
      let offset =
        (numbers * .constant(Double(2 * most + 1))).floor() - .constant(Double(most))
      let wide = offset.broadcast(to: [x.shape[0], 1, extent, 1])
      return wide + wide.coordinate(axis: 2)
    }
    return x.interpolated(rows: places(x.shape[2]), columns: places(x.shape[3]))
  }
}

/// Stops the program unless `x` has the axes of images.
func requireImages(_ x: Tensor, _ module: String) {
  require(
    x.shape.count == 4, "\(module): \(x.shape) is not [batch, channels, height, width] of images")
}
