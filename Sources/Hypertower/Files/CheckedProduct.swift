extension Sequence<Int> {
  /// The product of the numbers, or nil where it passes `Int.max` on the way: sizes that a file
  /// states are not to be trusted.
  package func product() -> Int? {
    var product = 1
    for factor in self {
      let (result, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      product = result
    }
    return product
  }
}
