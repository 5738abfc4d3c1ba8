/// A function of several numbers, as data: an array of operations in which each refers to earlier
/// ones.
///
/// Equal operations on equal operands are stored once, and operations on constants are evaluated
/// when they are appended.
package struct ScalarGraph: Sendable {
  package enum Node: Hashable, Sendable {
    case constant(Double)
    /// The function's argument of that number.
    case input(Int)
    case unary(UnaryOperation, Int)
    case binary(BinaryOperation, Int, Int)
    /// The second operand where the first is not 0, else the third.
    case select(Int, Int, Int)

    package var operands: [Int] {
      switch self {
      case .constant, .input: []
      case .unary(_, let x): [x]
      case .binary(_, let x, let y): [x, y]
      case .select(let condition, let x, let y): [condition, x, y]
      }
    }

    /// The same operation on other nodes.
    package func mappingOperands(_ mapped: (Int) -> Int) -> Node {
      switch self {
      case .constant, .input: self
      case .unary(let operation, let x): .unary(operation, mapped(x))
      case .binary(let operation, let x, let y): .binary(operation, mapped(x), mapped(y))
      case .select(let condition, let x, let y):
        .select(mapped(condition), mapped(x), mapped(y))
      }
    }
  }

  package private(set) var nodes: [Node] = []
  private var indices: [Node: Int] = [:]

  package init() {}

  package mutating func append(_ node: Node) -> Int {
    let simplified = simplify(node)
    if case .alias(let index) = simplified { return index }
    guard case .node(let node) = simplified else { fatalError() }
    if let index = indices[node] { return index }
    nodes.append(node)
    indices[node] = nodes.count - 1
    return nodes.count - 1
  }

  private enum Simplified {
    case node(Node)
    case alias(Int)
  }

  /// Folds constants and drops `x + 0`, `x − 0`, `x · 1` and `x / 1`; nothing that would change
  /// a value, so `x · 0`, which may be NaN, stays.
  private func simplify(_ node: Node) -> Simplified {
    switch node {
    case .constant, .input:
      return .node(node)
    case .unary(let operation, let x):
      guard let value = constant(x) else { return .node(node) }
      return .node(.constant(operation.evaluate(value)))
    case .binary(let operation, let x, let y):
      switch (operation, constant(x), constant(y)) {
      case (_, let left?, let right?): return .node(.constant(operation.evaluate(left, right)))
      case (.add, 0, nil), (.multiply, 1, nil): return .alias(y)
      case (.add, nil, 0), (.subtract, nil, 0), (.multiply, nil, 1), (.divide, nil, 1):
        return .alias(x)
      default: return .node(node)
      }
    case .select(let condition, let x, let y):
      if let condition = constant(condition) { return .alias(condition != 0 ? x : y) }
      return .node(node)
    }
  }

  /// The value of a node that is a constant, else nil.
  package func constant(_ index: Int) -> Double? {
    guard case .constant(let value) = nodes[index] else { return nil }
    return value
  }

  /// Which nodes the given ones need, themselves included.
  package func needed(by outputs: some Sequence<Int>) -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    for output in outputs { needed[output] = true }
    for index in nodes.indices.reversed() where needed[index] {
      for operand in nodes[index].operands { needed[operand] = true }
    }
    return needed
  }

  /// For each node whether `isMarked` holds for some input that it depends on.
  package func dependents(of isMarked: (Int) -> Bool) -> [Bool] {
    var result: [Bool] = []
    result.reserveCapacity(nodes.count)
    for node in nodes {
      if case .input(let number) = node {
        result.append(isMarked(number))
      } else {
        result.append(node.operands.contains { result[$0] })
      }
    }
    return result
  }
}
