/// The greatest element of each window: `[…, height, width] → […, rows, columns]`; NaN where one is.
///
/// There are ⌊(height + 2 · padding − dilation · (size − 1) − 1) / stride⌋ + 1 rows, and likewise columns. Of
/// equal maxima, the first in the order of rows has the gradient.
public struct MaxPool2D: Module {
  /// The height and the width of a window.
  public let size: Int
  /// The distance of neighbouring windows.
  public let stride: Int
  /// How many elements of −∞ there are on all sides.
  public let padding: Int
  /// The distance of neighbours in a window.
  public let dilation: Int

  /// - Parameters:
  ///   - size: the height and the width of a window.
  ///   - stride: the distance of neighbouring windows; default: `size`.
  ///   - padding: how many elements of −∞ there are on all sides, at most size / 2; default: none.
  ///   - dilation: the distance of neighbours in a window; default: 1.
  public init(_ size: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1) {
    (self.size, self.stride) = (size, stride ?? size)
    (self.padding, self.dilation) = (padding, dilation)
    requirePool("MaxPool2D", size, self.stride, padding)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    require(
      x.shape.count >= 2, "MaxPool2D: \(x.shape) is not […, height, width]")
    let windows = x.windows(
      axes: [-2, -1], sizes: [size, size], strides: [stride, stride],
      padding: [(padding, padding), (padding, padding)], dilations: [dilation, dilation],
      value: -.infinity)
    let axes = [windows.shape.count - 2, windows.shape.count - 1]
    // The gradient of `max` would be shared by equal maxima.
    let places =
      windows.coordinate(axis: axes[0]) * .constant(Double(size))
      + windows.coordinate(axis: axes[1])
    let isFirst = places.isEqual(
      to: windows.argmax(axes, keepingAxes: true).broadcast(to: windows.shape))
    return windows.max(axes).differentiated(as: Tensor.select(isFirst, windows, 0).sum(axes))
  }
}

/// Stops the program unless windows called `name` can be made from these numbers.
func requirePool(_ name: String, _ size: Int, _ stride: Int, _ padding: Int) {
  require(
    size > 0 && stride > 0 && padding >= 0 && 2 * padding <= size,
    "\(name): size \(size), stride \(stride), padding \(padding): padding is at most size / 2")
}
