/// Random flips: in training each image is mirrored with some probability, left and right exchanged; in evaluation
/// nothing changes. `[batch, channels, height, width]` → the same shape
public struct RandomFlip: Module {
  /// The probability of being mirrored.
  public let probability: Double

  /// - Parameter probability: in 0...1; default: 0.5.
  public init(_ probability: Double = 0.5) {
    require((0...1).contains(probability), "RandomFlip: \(probability) does not lie in 0...1")
    self.probability = probability
  }

  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    guard context.isTraining, probability > 0 else { return x }
    requireImages(x, "RandomFlip")
    let isFlipped = context.uniform([x.shape[0], 1, 1, 1])
      .isLess(than: .constant(probability))
    return .select(isFlipped, x.flipped(axis: 3), x)
  }
}
