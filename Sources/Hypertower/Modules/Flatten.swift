/// All axes after the first as one: `[batch, …] → [batch, features]`.
public struct Flatten: Module {
  /// A layer without parameters.
  public init() {}

  public func callAsFunction(_ x: Tensor) -> Tensor {
    require(!x.shape.isEmpty, "Flatten: a single number has no batch")
    return x.reshaped([x.shape[0], x.shape.dropFirst().elementCount])
  }
}
