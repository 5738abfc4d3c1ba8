extension ScalarGraph {
  /// The same function with fewer divisions of numbers that vary, which cost many times what
  /// multiplications do: x / y becomes x · (1 / y) where y is uniform, so that its reciprocal is
  /// computed once for all, and where several numbers are divided by y. Each costs at most one
  /// more rounding.
  ///
  /// - Parameters:
  ///   - outputs: the nodes that count.
  ///   - varies: for each node whether it varies.
  /// - Returns: the new graph, and its node for each old one that `outputs` need.
  func sharingReciprocals(
    neededBy outputs: [Int], varies: [Bool]
  ) -> (graph: ScalarGraph, mapped: [Int]) {
    let needed = needed(by: outputs)
    var divisorUses = [Int](repeating: 0, count: nodes.count)
    for index in nodes.indices where needed[index] {
      if case .binary(.divide, _, let divisor) = nodes[index] { divisorUses[divisor] += 1 }
    }
    var result = ScalarGraph()
    var mapped = [Int](repeating: -1, count: nodes.count)
    for (index, node) in nodes.enumerated() where needed[index] {
      if case .binary(.divide, let dividend, let divisor) = node, varies[index],
        !varies[divisor] && constant(divisor) == nil || divisorUses[divisor] > 1
      {
        let one = result.append(.constant(1))
        let reciprocal = result.append(.binary(.divide, one, mapped[divisor]))
        mapped[index] = result.append(.binary(.multiply, mapped[dividend], reciprocal))
      } else {
        mapped[index] = result.append(node.mappingOperands { mapped[$0] })
      }
    }
    return (result, mapped)
  }
}
