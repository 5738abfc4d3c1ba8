extension ScalarGraph {
  /// A node as a product: of uniform factors, and of what varies.
  struct FactoredNode {
    /// The varying part; nil if the node is uniform, and is then its only factor.
    var core: Int?
    /// Uniform nodes.
    var factors: [Int] = []
    var isNegative = false
  }

  /// The same function with factors that are uniform taken out of products, sums, and quotients of
  /// numbers that vary, as far out as they go.
  ///
  /// Derivatives by the chain rule are long products, of which most factors are uniform: they are
  /// multiplied once for all elements rather than once for each.
  ///
  /// - Parameters:
  ///   - outputs: the nodes that count.
  ///   - varies: for each node whether it varies.
  /// - Returns: the new graph, and for each output its varying part, 1 if it has none, and the
  ///   uniform factor in front of it.
  func takingOutUniformFactors(
    of outputs: [Int], varies: [Bool]
  ) -> (graph: ScalarGraph, outputs: [(core: Int, factor: Int)]) {
    var factoring = UniformFactoring()
    let needed = needed(by: outputs)
    for (index, node) in nodes.enumerated() where needed[index] {
      factoring.add(node, at: index, varies: varies[index])
    }
    let results = outputs.map { factoring.coreAndFactor(of: $0) }
    return (factoring.graph, results)
  }
}

/// A graph that is being written down anew, factored.
private struct UniformFactoring {
  private(set) var graph = ScalarGraph()
  /// The new form of each node of the old graph, by its number.
  private var terms: [Int: ScalarGraph.FactoredNode] = [:]

  mutating func add(_ node: ScalarGraph.Node, at index: Int, varies: Bool) {
    terms[index] =
      varies
      ? varying(node)
      : .init(core: nil, factors: [graph.append(node.mappingOperands { terms[$0]!.factors[0] })])
  }

  mutating func coreAndFactor(of index: Int) -> (core: Int, factor: Int) {
    let term = terms[index]!
    let factor = product(term.factors)
    return (
      term.core ?? graph.append(.constant(1)),
      term.isNegative ? graph.append(.unary(.negate, factor)) : factor
    )
  }

  // MARK: Operations

  private mutating func varying(_ node: ScalarGraph.Node) -> ScalarGraph.FactoredNode {
    switch node {
    case .constant, .input:
      return .init(core: graph.append(node))
    case .unary(.negate, let x):
      var result = terms[x]!
      result.isNegative.toggle()
      return result
    case .binary(.multiply, let x, let y):
      return multiplied(terms[x]!, terms[y]!)
    case .binary(.divide, let x, let y):
      return divided(terms[x]!, by: terms[y]!)
    case .binary(.add, let x, let y):
      return sum(terms[x]!, terms[y]!)
    case .binary(.subtract, let x, let y):
      var negated = terms[y]!
      negated.isNegative.toggle()
      return sum(terms[x]!, negated)
    case .select(let condition, let x, let y):
      return selected(condition, x, y)
    case .unary, .binary:
      return .init(core: graph.append(node.mappingOperands { whole(terms[$0]!) }))
    }
  }

  private mutating func multiplied(
    _ x: ScalarGraph.FactoredNode, _ y: ScalarGraph.FactoredNode
  ) -> ScalarGraph.FactoredNode {
    let core =
      if let left = x.core, let right = y.core {
        graph.append(.binary(.multiply, left, right))
      } else {
        x.core ?? y.core
      }
    var result = ScalarGraph.FactoredNode(core: core, isNegative: x.isNegative != y.isNegative)
    for factor in x.factors + y.factors { multiply(&result, by: factor) }
    return result
  }

  private mutating func divided(
    _ x: ScalarGraph.FactoredNode, by y: ScalarGraph.FactoredNode
  ) -> ScalarGraph.FactoredNode {
    var result = x
    let divisor = whole(y)
    if y.core == nil, let left = x.core {
      // Halves and the like stay exact as factors; other constants divide.
      guard graph.constant(divisor) == nil else {
        result.core = graph.append(.binary(.divide, left, divisor))
        return result
      }
      let one = graph.append(.constant(1))
      let reciprocal = graph.append(.binary(.divide, one, divisor))
      multiply(&result, by: reciprocal)
    } else {
      let dividend = x.core ?? graph.append(.constant(1))
      result.core = graph.append(.binary(.divide, dividend, divisor))
    }
    return result
  }

  /// The sum, with the factors in front that both terms have.
  private mutating func sum(
    _ x: ScalarGraph.FactoredNode, _ y: ScalarGraph.FactoredNode
  ) -> ScalarGraph.FactoredNode {
    var (left, right) = (x, y)
    var result = ScalarGraph.FactoredNode(isNegative: x.isNegative && y.isNegative)
    if x.core != nil, y.core != nil {
      for factor in x.factors {
        guard let place = right.factors.firstIndex(of: factor) else { continue }
        right.factors.remove(at: place)
        left.factors.remove(at: left.factors.firstIndex(of: factor)!)
        result.factors.append(factor)
      }
    }
    let signs = (x.isNegative, y.isNegative)
    (left.isNegative, right.isNegative) = (false, false)
    let (a, b) = (whole(left), whole(right))
    result.core =
      switch signs {
      case (false, true): graph.append(.binary(.subtract, a, b))
      case (true, false): graph.append(.binary(.subtract, b, a))
      case (false, false), (true, true): graph.append(.binary(.add, a, b))
      }
    return result
  }

  private mutating func selected(
    _ condition: Int, _ x: Int, _ y: Int
  ) -> ScalarGraph.FactoredNode {
    let condition = whole(terms[condition]!)
    func isZero(_ term: ScalarGraph.FactoredNode) -> Bool {
      term.core == nil && graph.constant(term.factors[0]) == 0
    }
    // Factors of the one choice may come before, where the other is 0.
    if isZero(terms[x]!), let core = terms[y]!.core {
      var result = terms[y]!
      result.core = graph.append(.select(condition, graph.append(.constant(0)), core))
      return result
    }
    if isZero(terms[y]!), let core = terms[x]!.core {
      var result = terms[x]!
      result.core = graph.append(.select(condition, core, graph.append(.constant(0))))
      return result
    }
    let (a, b) = (whole(terms[x]!), whole(terms[y]!))
    return .init(core: graph.append(.select(condition, a, b)))
  }

  // MARK: Factors

  private func multiply(_ term: inout ScalarGraph.FactoredNode, by factor: Int) {
    switch graph.constant(factor) {
    case 1: break
    case -1: term.isNegative.toggle()
    default: term.factors.append(factor)
    }
  }

  /// The product of uniform nodes; 1 if there are none.
  private mutating func product(_ factors: [Int]) -> Int {
    var result = graph.append(.constant(1))
    for factor in factors.sorted() { result = graph.append(.binary(.multiply, result, factor)) }
    return result
  }

  /// The node with its factors multiplied in.
  private mutating func whole(_ term: ScalarGraph.FactoredNode) -> Int {
    var result = product(term.factors)
    if let core = term.core {
      result =
        term.factors.isEmpty ? core : graph.append(.binary(.multiply, result, core))
    }
    return term.isNegative ? graph.append(.unary(.negate, result)) : result
  }
}
