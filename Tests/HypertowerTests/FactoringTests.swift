import Testing

@testable import Hypertower

/// Rewritten formulas are the same functions.
@Suite struct FactoringTests {
  /// Inputs of even numbers vary, those of odd ones are uniform.
  private static func varies(_ input: Int) -> Bool { input % 2 == 0 }

  private func randomGraph(_ random: inout SeededRandom) -> (graph: ScalarGraph, outputs: [Int]) {
    var graph = ScalarGraph()
    var nodes = (0..<6).map { graph.append(.input($0)) }
    nodes += [0, 1, -1, 0.5, 3].map { graph.append(.constant($0)) }
    for _ in 0..<25 {
      func any() -> Int { nodes.randomElement(using: &random)! }
      let node: ScalarGraph.Node =
        switch Int.random(in: 0..<12, using: &random) {
        case 0: .unary(.negate, any())
        case 1: .unary(.tanh, any())
        case 2: .binary(.divide, any(), any())
        case 3: .select(graph.append(.binary(.less, any(), any())), any(), any())
        case 4...6: .binary(.add, any(), any())
        case 7...8: .binary(.subtract, any(), any())
        default: .binary(.multiply, any(), any())
        }
      nodes.append(graph.append(node))
    }
    return (graph, (0..<3).map { _ in nodes.randomElement(using: &random)! })
  }

  private func expectClose(_ a: Double, _ b: Double, _ what: String) {
    // What overflows or is not a number may do so elsewhere once factors have moved.
    guard a.isFinite, b.isFinite, a.magnitude < 1e100 else { return }
    #expect((a - b).magnitude <= 1e-9 * Swift.max(1, a.magnitude), "\(what): \(a), \(b)")
  }

  @Test func factorsTakenOutGiveTheSameValues() {
    var random = SeededRandom(91)
    var compared = 0
    for number in 0..<500 {
      let (graph, outputs) = randomGraph(&random)
      let (factored, parts) = graph.takingOutUniformFactors(
        of: outputs, varies: graph.dependents(of: Self.varies))
      let isVarying = factored.dependents(of: Self.varies)
      let inputs = (0..<6).map { _ in Double.random(in: 0.5...2, using: &random) }
      let expected = graph.evaluate(outputs) { inputs[$0] }
      let cores = factored.evaluate(parts.map(\.core)) { inputs[$0] }
      let factors = factored.evaluate(parts.map(\.factor)) { inputs[$0] }
      for (index, part) in parts.enumerated() {
        #expect(!isVarying[part.factor])
        expectClose(expected[index], cores[index] * factors[index], "graph \(number)")
        compared += expected[index].isFinite ? 1 : 0
      }
    }
    #expect(compared > 1000)
  }

  @Test func sharedReciprocalsGiveTheSameValues() {
    var random = SeededRandom(92)
    for number in 0..<500 {
      let (graph, outputs) = randomGraph(&random)
      let (shared, mapped) = graph.sharingReciprocals(
        neededBy: outputs, varies: graph.dependents(of: Self.varies))
      let inputs = (0..<6).map { _ in Double.random(in: 0.5...2, using: &random) }
      let expected = graph.evaluate(outputs) { inputs[$0] }
      let actual = shared.evaluate(outputs.map { mapped[$0] }) { inputs[$0] }
      for (a, b) in zip(expected, actual) { expectClose(a, b, "graph \(number)") }
    }
  }

  /// What Adam's hypergradients cost for each weight: two divisions and a root.
  @Test func adamDividesTwice() throws {
    let split = SplitRule(Adam().levels[0])
    let needed = split.graph.needed(by: split.jacobian)
    func count(_ isCounted: (ScalarGraph.Node) -> Bool) -> Int {
      split.graph.nodes.indices.filter { needed[$0] && isCounted(split.graph.nodes[$0]) }.count
    }
    let divisions = count {
      if case .binary(.divide, _, _) = $0 { true } else { false }
    }
    #expect(divisions == 2)
    #expect(count { if case .unary(.squareRoot, _) = $0 { true } else { false } } == 1)
    #expect(count { !$0.operands.isEmpty } <= 40)
  }
}
