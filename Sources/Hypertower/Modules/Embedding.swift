/// A row of a table for each whole number: `[…] → […, width]`.
///
/// Only rows that are named are read. The gradient has all rows, those that are not named zeros, so that an optimizer
/// with momentum moves these, too.
public struct Embedding: Module {
  /// `[count, width]`, drawn from the standard normal distribution, as in PyTorch.
  public let weight: Tensor

  /// A table with fresh parameters.
  ///
  /// - Parameters:
  ///   - count: the number of rows.
  ///   - width: the number of elements of a row.
  ///   - initializer: how the elements are drawn; default: from the standard normal distribution.
  public init(
    _ count: Int, _ width: Int, initializer: Initializer = .normal(standardDeviation: 1)
  ) {
    require(count > 0 && width > 0, "Embedding: \(count) rows of \(width)")
    weight = .parameter(shape: [count, width], initializer: initializer, kind: .embeddings)
  }

  /// `[…] → […, width]`; what is no whole number in `0..<count` gives NaN.
  public func callAsFunction(_ x: Tensor) -> Tensor { weight.gather(x) }
}
