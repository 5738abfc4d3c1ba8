/// All axes after the first as one: `[batch, …] → [batch, features]`.
public struct Flatten: Module {
  public init() {}

  public func callAsFunction(_ x: Tensor) -> Tensor {
    require(!x.shape.isEmpty, "Flatten: a single number has no batch")
    return x.reshaped([x.shape[0], x.shape.dropFirst().elementCount])
  }
}

/// The features of each sample in a shape: `[batch, features] → [batch] + shape`.
///
/// A trainer hands a model samples as rows; for images, a model begins with `Unflatten([channels, height, width])`.
public struct Unflatten: Module {
  /// The shape of one sample.
  public let shape: Shape

  /// - Parameter shape: of one sample.
  public init(_ shape: Shape) { self.shape = shape }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    require(
      x.shape.count == 2 && x.shape[1] == shape.elementCount,
      "Unflatten: \(x.shape) into samples of \(shape)")
    return x.reshaped([x.shape[0]] + shape)
  }
}
