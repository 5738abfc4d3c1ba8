/// Each group of a sample's channels with mean 0 and variance 1, then scaled and shifted channel by channel:
/// (x − mean) / √(variance + ε) · weight + bias.
///
/// Y. Wu, K. He, "Group Normalization" (2018).
public struct GroupNorm: Module {
  /// `[channels]`, ones at first.
  public let weight: Tensor
  /// `[channels]`, zeros at first.
  public let bias: Tensor
  /// The number of groups, which divides that of the channels.
  public let groups: Int
  /// ε, which is added to the variance.
  public let epsilon: Double

  /// A layer with fresh parameters.
  ///
  /// - Parameters:
  ///   - groups: the number of groups, which divides `channels`.
  ///   - channels: the extent of the second axis.
  ///   - epsilon: what is added to the variance; default: 10⁻⁵.
  public init(_ groups: Int, _ channels: Int, epsilon: Double = 1e-5) {
    require(
      groups > 0 && channels > 0 && channels % groups == 0,
      "GroupNorm: \(groups) groups of \(channels) channels")
    weight = .parameter(shape: [channels], initializer: .constant(1), kind: .norms)
    bias = .parameter(shape: [channels], initializer: .constant(0), kind: .norms)
    (self.groups, self.epsilon) = (groups, epsilon)
  }

  /// `[batch, channels, …] → [batch, channels, …]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let channels = weight.shape[0]
    require(
      x.shape.count >= 2 && x.shape[1] == channels,
      "GroupNorm: \(x.shape) with a weight \(weight.shape): it must be [batch, channels, …]")
    let perGroup = x.shape.dropFirst().elementCount / groups
    let standardized = x.reshaped([x.shape[0], groups, perGroup])
      .standardized([2], epsilon: epsilon).reshaped(x.shape)
    let perChannel = [channels] + x.shape.dropFirst(2).map { _ in 1 }
    return standardized * weight.reshaped(perChannel) + bias.reshaped(perChannel)
  }
}
