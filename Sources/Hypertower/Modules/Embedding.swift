/// A row of a table for each whole number: `[…] → […, width]`.
public struct Embedding: Module {
  /// `[count, width]`, drawn from the standard normal distribution, as in PyTorch.
  public let weight: Tensor

  /// A table with fresh parameters.
  ///
  /// - Parameters:
  ///   - count: the number of rows.
  ///   - width: the number of elements of a row.
  public init(_ count: Int, _ width: Int) {
    require(count > 0 && width > 0, "Embedding: \(count) rows of \(width)")
    weight = .parameter(shape: [count, width], initializer: .normal(standardDeviation: 1))
  }

  /// `[…] → […, width]`; what is no whole number in `0..<count` gives NaN.
  public func callAsFunction(_ x: Tensor) -> Tensor { weight.gather(x) }
}
