/// The mean of each window: `[…, height, width] → […, rows, columns]`.
///
/// There are ⌊(height + 2 · padding − size) / stride⌋ + 1 rows, and likewise columns.
public struct AveragePool2D: Module {
  /// The height and the width of a window.
  public let size: Int
  /// The distance of neighbouring windows.
  public let stride: Int
  /// How many zeros there are on all sides.
  public let padding: Int
  /// Whether these count as elements of a window.
  public let countsPadding: Bool

  /// - Parameters:
  ///   - size: the height and the width of a window.
  ///   - stride: the distance of neighbouring windows; default: `size`.
  ///   - padding: how many zeros there are on all sides, at most size / 2; default: none.
  ///   - countsPadding: whether these count as elements of a window; default: true.
  public init(_ size: Int, stride: Int? = nil, padding: Int = 0, countsPadding: Bool = true) {
    (self.size, self.stride) = (size, stride ?? size)
    (self.padding, self.countsPadding) = (padding, countsPadding)
    requirePool("AveragePool2D", size, self.stride, padding)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    require(
      x.shape.count >= 2, "AveragePool2D: \(x.shape) is not […, height, width]")
    let sums = sums(x)
    guard padding > 0 && !countsPadding else {
      return sums * .constant(1 / Double(size * size))
    }
    return sums / self.sums(Tensor(repeating: 1, shape: Shape(x.shape.suffix(2))))
  }

  /// The sum of each window.
  private func sums(_ x: Tensor) -> Tensor {
    let windows = x.windows(
      axes: [-2, -1], sizes: [size, size], strides: [stride, stride],
      padding: [(padding, padding), (padding, padding)])
    return windows.sum([windows.shape.count - 2, windows.shape.count - 1])
  }
}
