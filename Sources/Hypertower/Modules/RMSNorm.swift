/// Each sample divided by the root of its mean square over its last axis, then scaled element by element:
/// x / √(mean x² + ε) · weight.
///
/// B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization" (2019).
public struct RMSNorm: Module {
  /// `[width]`, ones at first.
  public let weight: Tensor
  /// ε, which is added to the mean square.
  public let epsilon: Double

  /// A layer with fresh parameters.
  ///
  /// - Parameters:
  ///   - width: the extent of the last axis.
  ///   - epsilon: what is added to the mean square; default: 2⁻²³, the distance of 1 from the next float32, as in
  ///     PyTorch.
  public init(_ width: Int, epsilon: Double = 0x1p-23) {
    require(width > 0, "RMSNorm: width \(width)")
    weight = .parameter(shape: [width], initializer: .constant(1), kind: .norms)
    self.epsilon = epsilon
  }

  /// `[…, width] → […, width]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    require(x.shape.last == weight.shape[0], "RMSNorm: \(x.shape) does not end in \(weight.shape)")
    let meanSquare = (x * x).mean([x.shape.count - 1], keepingAxes: true)
    return x / (meanSquare + .constant(epsilon)).sqrt() * weight
  }
}
