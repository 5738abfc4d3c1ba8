/// The nodes of a tape that some results are computed from, in an order that depends on the results alone: each after
/// its operands, and these in theirs.
///
/// The order on a tape, and that of what a loop takes from outside, also depend on what was recorded before.
struct TapeWalk {
  let tape: Tape
  let results: [Tape.Index]
  private(set) var indices: [Tape.Index] = []
  /// The place of each node in `indices`.
  private(set) var positions: [Tape.Index: Int] = [:]
  /// The numbers of leaves from `fixedLeaves` on, in the order in which they are met.
  private(set) var leaves: [Int] = []
  /// The passes of the loops.
  private(set) var bodies: [Tape.Index: TapeWalk] = [:]
  /// How many leaves keep their numbers.
  let fixedLeaves: Int

  init(_ tape: Tape, results: [Tape.Index], fixedLeaves: Int = 0) {
    (self.tape, self.results, self.fixedLeaves) = (tape, results, fixedLeaves)
    let stacked = Self.stackedNodes(of: tape, results: results)
    var stack: [(index: Tape.Index, isDone: Bool)] = results.reversed().map { ($0, false) }
    while let (index, isDone) = stack.popLast() {
      guard positions[index] == nil else { continue }
      let node = tape[index]
      if case .scan(let scan) = node.operation, bodies[index] == nil {
        bodies[index] = TapeWalk(
          scan.body, results: scan.nextStates + stacked[index, default: []],
          fixedLeaves: scan.stateCount + scan.inputCount)
      }
      if isDone {
        if case .leaf(let number) = node.operation, number >= fixedLeaves { leaves.append(number) }
        positions[index] = indices.count
        indices.append(index)
      } else {
        stack.append((index, true))
        stack += operands(of: index).reversed().map { ($0, false) }
      }
    }
  }

  /// What the elements of a node are computed from, and the convolution that a product stands for.
  ///
  /// What a loop takes from outside comes in the order of its passes' leaves.
  func operands(of index: Tape.Index) -> [Tape.Index] {
    let node = tape[index]
    guard let body = bodies[index] else { return Self.operands(of: node, in: tape) }
    return node.operands.prefix(body.fixedLeaves) + body.leaves.map { node.operands[$0] }
  }

  /// The node's operation, with leaves numbered as they are met.
  func operation(of index: Tape.Index) -> Tape.Operation {
    guard case .leaf(let number) = tape[index].operation, number >= fixedLeaves else {
      return tape[index].operation
    }
    return .leaf(fixedLeaves + leaves.firstIndex(of: number)!)
  }

  private static func operands(of node: Tape.Node, in tape: Tape) -> [Tape.Index] {
    guard case .known = node.operation else { return Array(node.valueOperands) }
    if case .convolution = tape[node.operands[1]].operation { return node.operands }
    // Of what blockwise attention sends back, ONNX has the products of whole matrices alone.
    switch tape[node.operands[0]].operation {
    case .attentionGradient, .attentionResult: return [node.operands[1]]
    default: return Array(node.valueOperands)
    }
  }

  /// The nodes of each loop's passes that results need of all passes, in the order in which they are met.
  private static func stackedNodes(
    of tape: Tape, results: [Tape.Index]
  ) -> [Tape.Index: [Tape.Index]] {
    var nodes: [Tape.Index: [Tape.Index]] = [:]
    var met: Set<Tape.Index> = []
    var stack = Array(results.reversed())
    while let index = stack.popLast() {
      guard met.insert(index).inserted else { continue }
      let node = tape[index]
      if case .scanResult(.stacked(let own)) = node.operation {
        nodes[node.operands[0], default: []].append(own)
      }
      stack += operands(of: node, in: tape).reversed()
    }
    return nodes
  }
}
