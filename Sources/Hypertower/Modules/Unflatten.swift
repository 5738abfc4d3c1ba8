/// The features of each sample in a shape: `[batch, features] → [batch] + shape`.
///
/// For images that come as rows, or out of a dense layer: `Unflatten([channels, height, width])`.
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
