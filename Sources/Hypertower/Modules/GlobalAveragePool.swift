/// The mean of all elements of each channel: `[batch, channels, …] → [batch, channels]`.
public struct GlobalAveragePool: Module {
  /// A layer without parameters.
  public init() {}

  public func callAsFunction(_ x: Tensor) -> Tensor {
    require(
      x.shape.count >= 3, "GlobalAveragePool: \(x.shape) is not [batch, channels, …]")
    return x.mean(Array(2..<x.shape.count))
  }
}
