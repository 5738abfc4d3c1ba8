/// One half of an axis times the logistic function of the other: a · σ(b).
///
/// Y. Dauphin et al., "Language Modeling with Gated Convolutional Networks" (2017). PyTorch's `GLU`.
public struct GatedLinearUnit: Module {
  /// The axis that is halved; counted from the end if negative.
  public let axis: Int

  /// - Parameter axis: the axis that is halved, counted from the end if negative; default: the last.
  public init(axis: Int = -1) { self.axis = axis }

  /// `[…, 2 · extent, …] → […, extent, …]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let axis = self.axis < 0 ? x.shape.count + self.axis : self.axis
    require(
      x.shape.indices.contains(axis) && x.shape[axis] % 2 == 0,
      "GatedLinearUnit: \(x.shape) along axis \(self.axis): its extent must be even")
    let half = x.shape[axis] / 2
    let parts = x.split([half, half], axis: axis)
    return parts[0] * parts[1].sigmoid()
  }
}
