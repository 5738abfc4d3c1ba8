import Testing

@testable import Hypertower

@Suite struct ScalarGraphTests {
  private let recorder = ExpressionRecorder()
  private var x: Expression { recorder.input(0) }
  private var y: Expression { recorder.input(1) }

  private func index(_ expression: Expression) -> Int { expression.index(in: recorder) }
  private func node(_ expression: Expression) -> ScalarGraph.Node {
    let index = index(expression)
    return recorder.graph.nodes[index]
  }

  @Test func equalOperationsAreOne() {
    #expect(index(x * y + 1) == index(x * y + 1))
    #expect(index(x * y) != index(y * x))
    let count = recorder.graph.nodes.count
    _ = index((x * y + 1) * 1 + 0)
    #expect(recorder.graph.nodes.count <= count + 2)
  }

  @Test func constantsAreFolded() {
    #expect(node(2 * Expression.constant(3) + x * 0 - x * 0) != .constant(6))
    #expect(node(Expression.constant(2) * 3 + 4) == .constant(10))
    #expect(node(Expression.constant(0).exp()) == .constant(1))
    #expect(node(Expression.constant(10).pow(-2)) == .constant(0.01))
    #expect(index(.select(Expression.constant(1), x, y)) == index(x))
    #expect(index(.select(Expression.constant(0), x, y)) == index(y))
  }

  @Test func neutralOperandsAreDropped() {
    for same in [x + 0, 0 + x, x - 0, x * 1, 1 * x, x / 1] { #expect(index(same) == index(x)) }
    // These may be NaN or −x, and stay.
    for other in [x * 0, 0 - x, 0 / x, x / x, 1 / x] { #expect(index(other) != index(x)) }
    #expect(node(x * 0) != .constant(0))
  }

  @Test func derivativesAreDifferences() {
    let functions: [(String, Expression)] = [
      ("x·y", x * y), ("x/y", x / y), ("x^y", x.pow(y)), ("tanh(x·x) + y", (x * x).tanh() + y),
      ("√(x + log y)", (x + y.log()).sqrt()), ("σ(x − y)·e^x", (x - y).sigmoid() * x.exp()),
      ("select", .select(x.isLess(than: y), x * x * y, y)), ("−relu(x − y)", -(x - y).relu()),
      ("x alone", x), ("neither", Expression.constant(4)),
    ]
    for (name, function) in functions {
      let output = index(function)
      var graph = recorder.graph
      let inputs = [index(x), index(y)]
      let derivatives = graph.derivatives(of: output, withRespectTo: inputs)
      let point = [1.3, 1.9]
      for (number, derivative) in derivatives.enumerated() {
        let value = graph.evaluate([derivative]) { point[$0] }[0]
        let difference = centralDifference { shift in
          graph.evaluate([output]) { point[$0] + ($0 == number ? shift : 0) }[0]
        }
        assertClose(value, difference, .relativeFromOne(1e-10), "d \(name) / d \(number)")
      }
    }
  }

  @Test func graphsKnowWhatIsNeeded() {
    let (sum, product) = (index(x + y), index(x * y))
    let needed = recorder.graph.needed(by: [sum])
    #expect(needed[sum] && needed[index(x)] && needed[index(y)] && !needed[product])
    let depends = recorder.graph.dependents { $0 == 1 }
    #expect(depends[sum] && depends[product] && !depends[index(x)])
  }
}
