/// A loop: from one pass to the next it takes some states further, each pass with its own elements of the inputs.
///
/// The operands are the states before the first pass, the inputs, `[count, …]`, and what is the same in all
/// passes; the leaves of the body stand for them in this order.
package struct Scan: Hashable, Sendable {
  /// What a loop leaves behind.
  package enum Result: Hashable, Sendable {
    /// A state after the last pass.
    case finalState(Int)
    /// A state before each pass, in the order of passes, `[count, …]`.
    case states(Int)
    /// A node of the body in each pass, in the order of the inputs, `[count, …]`.
    case stacked(Tape.Index)
  }

  package let body: Tape
  package let stateCount: Int
  package let inputCount: Int
  /// The states after a pass, nodes of the body.
  package let nextStates: [Tape.Index]
  /// The number of passes, at least 1.
  package let count: Int
  /// Whether passes go through the inputs from the end to the start.
  package let isReversed: Bool

  /// The body's matrix products.
  var products: [Tape.Index] {
    body.nodes.indices.filter { index in
      guard case .matrixProduct = body[index].operation else { return false }
      return true
    }
  }

  package func shape(of result: Result) -> Shape {
    switch result {
    case .finalState(let state): body[nextStates[state]].shape
    case .states(let state): [count] + body[nextStates[state]].shape
    case .stacked(let node): [count] + body[node].shape
    }
  }
}
