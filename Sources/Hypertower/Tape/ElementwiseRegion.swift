/// Elementwise work on the elements of one tensor, of which several paths lead to the result, such as x · sigmoid(x).
///
/// The cotangent of the tensor is that of the result times a derivative that forward values tell. It is computed
/// with them and stored alone, where the paths would need several of them again when the cotangent comes. What other
/// work reads as well lies in no region: its paths would be gone through twice.
struct ElementwiseRegion {
  /// The node of the tensor.
  let source: Tape.Index
  /// The result's node, then those between it and the source, from the latest to the earliest.
  let nodes: [Tape.Index]

  /// - Parameters:
  ///   - isInside: whether a node may lie between the source and the result.
  ///   - depends: whether a node's cotangent is of interest.
  ///   - users: the nodes that read each node.
  /// - Returns: nil if a single path leads to the result, or from several tensors.
  init?(
    endingAt result: Tape.Index, in tape: Tape, isInside: (Tape.Index) -> Bool, depends: [Bool],
    users: [[Tape.Index]]
  ) {
    guard tape[result].isElementwise else { return nil }
    func sources(of node: Tape.Index) -> [Tape.Index] {
      tape[node].differentiableOperands.filter { depends[$0] }
    }
    var nodes = [result]
    var open = Set(sources(of: result))
    guard open.count > 1 else { return nil }
    while open.count > 1 {
      let latest = open.max()!
      guard nodes.count < Self.mostNodes, tape[latest].isElementwise,
        tape[latest].shape == tape[result].shape, isInside(latest),
        users[latest].allSatisfy(nodes.contains)
      else { return nil }
      open.remove(latest)
      nodes.append(latest)
      open.formUnion(sources(of: latest))
    }
    guard let source = open.first, tape[source].shape == tape[result].shape else { return nil }
    self.source = source
    self.nodes = nodes
  }

  private static let mostNodes = 64

  /// The derivative of the result's elements by the source's, in their shape; nil where it is 0 everywhere.
  ///
  /// - Parameter elements: the node that holds the elements of a node.
  func derivative(in recorder: TapeRecorder, elements: (Tape.Index) -> Tape.Index) -> Tensor? {
    let one = Tensor(
      recorder, recorder.tape.append(.fill(1), shape: recorder.tape[nodes[0]].shape))
    var cotangents = [nodes[0]: one]
    for index in nodes {
      guard let cotangent = cotangents[index] else { continue }
      let node = recorder.tape[index]
      let contributions = node.operation.pullback(
        operands: node.operands.map { Tensor(recorder, $0) },
        result: Tensor(recorder, elements(index)),
        cotangent: cotangent)
      for (operand, contribution) in zip(node.operands, contributions) {
        guard let contribution else { continue }
        cotangents[operand] = cotangents[operand].map { $0 + contribution } ?? contribution
      }
    }
    return cotangents[source]
  }
}
