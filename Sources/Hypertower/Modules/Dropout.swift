/// Dropout: in training each element is 0 with some probability, and the others grow so that the mean stays; in
/// evaluation nothing changes. `[…] → […]`
///
/// N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15 (2014).
public struct Dropout: Module {
  /// The probability of 0.
  public let probability: Double

  /// - Parameter probability: at least 0 and less than 1; default: 0.5.
  public init(_ probability: Double = 0.5) {
    require(
      probability >= 0 && probability < 1,
      "Dropout: \(probability) must be at least 0 and less than 1")
    self.probability = probability
  }

  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    guard context.isTraining, probability > 0 else { return x }
    let isDropped = context.uniform(x.shape).isLess(than: .constant(probability))
    return .select(isDropped, 0, x * .constant(1 / (1 - probability)))
  }
}
