/// Noise: in training a normal random number is added to each element; in evaluation nothing changes. `[…] → […]`
public struct GaussianNoise: Module {
  /// The standard deviation of what is added.
  public let deviation: Double

  /// - Parameter deviation: at least 0; default: 0.05.
  public init(_ deviation: Double = 0.05) {
    require(deviation >= 0 && deviation.isFinite, "GaussianNoise: \(deviation) is less than 0")
    self.deviation = deviation
  }

  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    guard context.isTraining, deviation > 0 else { return x }
    return x + .constant(deviation) * context.normal(x.shape)
  }
}
