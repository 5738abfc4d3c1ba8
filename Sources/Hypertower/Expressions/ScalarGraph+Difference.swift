extension ScalarGraph {
  /// Appends node `node` − node `base`.
  ///
  /// Where `node` is `base` plus or minus something, that alone: the difference of two numbers that are near one
  /// another would have lost its digits.
  mutating func appendDifference(of node: Int, from base: Int) -> Int {
    change(of: node, from: base) ?? append(.binary(.subtract, node, base))
  }

  /// What `node` adds to `base`; nil if it is no sum with `base` in it.
  private mutating func change(of node: Int, from base: Int) -> Int? {
    if node == base { return append(.constant(0)) }
    switch nodes[node] {
    case .binary(.add, let x, let y):
      if let change = change(of: x, from: base) { return append(.binary(.add, change, y)) }
      return change(of: y, from: base).map { append(.binary(.add, x, $0)) }
    case .binary(.subtract, let x, let y):
      guard let change = change(of: x, from: base) else { return nil }
      return constant(change) == 0
        ? append(.unary(.negate, y)) : append(.binary(.subtract, change, y))
    case .select(let condition, let x, let y):
      guard let first = change(of: x, from: base), let second = change(of: y, from: base) else {
        return nil
      }
      return append(.select(condition, first, second))
    case .constant, .input, .unary, .binary:
      return nil
    }
  }
}
