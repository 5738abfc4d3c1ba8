/// Each sample with mean 0 and variance 1 over its last axes, then scaled and shifted element by element:
/// (x − mean) / √(variance + ε) · weight + bias.
///
/// J. Ba, J. Kiros, G. Hinton, "Layer Normalization" (2016).
public struct LayerNorm: Module {
  /// Of the shape of those axes, ones at first.
  public let weight: Tensor
  /// Of the same shape, zeros at first.
  public let bias: Tensor?
  /// ε, which is added to the variance.
  public let epsilon: Double

  /// A layer with fresh parameters.
  ///
  /// - Parameters:
  ///   - shape: the extents of the last axes, which are normalized together.
  ///   - epsilon: what is added to the variance; default: 10⁻⁵.
  ///   - bias: whether there is one; default: true.
  public init(_ shape: Shape, epsilon: Double = 1e-5, bias: Bool = true) {
    require(!shape.isEmpty && shape.allSatisfy { $0 > 0 }, "LayerNorm: over axes of \(shape)")
    weight = .parameter(shape: shape, initializer: .constant(1), kind: .norms)
    self.bias = bias ? .parameter(shape: shape, initializer: .constant(0), kind: .norms) : nil
    self.epsilon = epsilon
  }

  /// A layer over the last axis alone, of extent `width`.
  public init(_ width: Int, epsilon: Double = 1e-5, bias: Bool = true) {
    self.init([width], epsilon: epsilon, bias: bias)
  }

  /// `[…] + shape → […] + shape`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let rank = weight.shape.count
    require(
      Shape(x.shape.suffix(rank)) == weight.shape,
      "LayerNorm: \(x.shape) does not end in \(weight.shape)")
    let scaled =
      x.standardized(Array(x.shape.count - rank..<x.shape.count), epsilon: epsilon) * weight
    return bias.map { scaled + $0 } ?? scaled
  }
}

extension Tensor {
  /// With mean 0 and variance 1 along `axes`: (x − mean) / √(variance + ε), with the biased variance.
  func standardized(_ axes: [Int], epsilon: Double) -> Tensor {
    let centred = self - mean(axes, keepingAxes: true)
    let variance = (centred * centred).mean(axes, keepingAxes: true)
    return centred / (variance + .constant(epsilon)).sqrt()
  }
}
