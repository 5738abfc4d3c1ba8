/// Random crops: in training a random part of each image is stretched to its size by bilinear interpolation; in evaluation
/// nothing changes. `[batch, channels, height, width]` → the same shape
///
/// The part's sides are those of the image times a random share; where it lies is random, too.
public struct RandomCrop: Module {
  /// The least share of an image's sides.
  public let least: Double

  /// - Parameter least: greater than 0 and at most 1; default: 0.8.
  public init(_ least: Double = 0.8) {
    require(least > 0 && least <= 1, "RandomCrop: \(least) must be greater than 0 and at most 1")
    self.least = least
  }

  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    guard context.isTraining, least < 1 else { return x }
    requireImages(x, "RandomCrop")
    let single: Shape = [x.shape[0], 1, 1, 1]
    let share = .constant(least) + .constant(1 - least) * context.uniform(single)
    /// The place that each pixel along an axis comes from.
    func places(_ extent: Int) -> Tensor {
      let start = context.uniform(single) * (1 - share) * .constant(Double(extent))
      let wide = start.broadcast(to: [x.shape[0], 1, extent, 1])
      let places = wide + share * (wide.coordinate(axis: 2) + 0.5) - 0.5
      // No further than the centres of the first and the last pixel.
      let last = Tensor.constant(Double(extent - 1))
      return last - (last - places.relu()).relu()
    }
    return x.interpolated(rows: places(x.shape[2]), columns: places(x.shape[3]))
  }
}
