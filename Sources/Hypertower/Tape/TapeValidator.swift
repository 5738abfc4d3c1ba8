/// What is wrong with a tape: operands that come later, are too few, or whose shapes do not make the node's.
package enum TapeValidator {
  /// Stops at the first fault, where programs are looked at; see `ProgramValidator.isOn`.
  static func check(_ tape: Tape) {
    guard ProgramValidator.isOn else { return }
    let fault = firstFault(in: tape)
    require(fault == nil, "TapeValidator: \(fault ?? "")")
  }

  /// The first fault, with the number and the operation of its node; nil for a tape without any.
  package static func firstFault(in tape: Tape) -> String? {
    for (index, node) in tape.nodes.enumerated() {
      func described(_ fault: String) -> String {
        "node \(index), \(node.operation.name) → \(node.shape): \(fault)"
      }
      if let operand = node.operands.first(where: { !(0..<index).contains($0) }) {
        return described("its operand \(operand) does not come before it")
      }
      if let fault = fault(of: node, in: tape) { return described(fault) }
    }
    return nil
  }

  private static func fault(of node: Tape.Node, in tape: Tape) -> String? {
    let operands = node.operands.map { tape[$0].shape }
    if let count = node.operation.operandCount, operands.count != count {
      return "has \(operands.count) operands, not \(count)"
    }
    if node.shape.contains(where: { $0 < 0 }) { return "has a negative extent" }
    var isRight = true
    switch node.operation {
    case .leaf, .fill, .random: break
    case .coordinate(let axis): isRight = axis >= 0 && axis < Swift.max(1, node.shape.count)
    case .unary, .binary, .select, .detach, .allReduce:
      isRight = operands.allSatisfy { $0 == node.shape }
    case .known:
      isRight = operands.allSatisfy { $0 == node.shape }
    case .broadcast:
      isRight =
        operands[0].count == node.shape.count
        && zip(operands[0], node.shape).allSatisfy { $0 == $1 || $0 == 1 }
    case .reshape: isRight = operands[0].elementCount == node.shape.elementCount
    case .transpose(let permutation):
      isRight =
        permutation.sorted() == Array(operands[0].indices)
        && node.shape == permutation.map { operands[0][$0] }
    case .access(let access):
      isRight =
        access.indices.count == operands[0].count
        && access.indices.allSatisfy {
          $0.coefficients.count == node.shape.count && $0.divisor >= 1
        }
    case .reduce(_, let axes):
      isRight =
        Set(axes).count == axes.count && axes.allSatisfy(operands[0].indices.contains)
        && node.shape == operands[0].collapsed(along: axes)
    case .matrixProduct(let transposeLeft, let transposeRight):
      return productFault(operands, node.shape, transposeLeft, transposeRight)
    case .gather, .scatterAdd:
      let (indexed, other) =
        node.operation == .scatterAdd ? (operands[0], node.shape) : (node.shape, operands[0])
      isRight =
        indexed.count >= 2 && operands[1] == Shape(indexed.dropLast())
        && indexed.count == other.count && indexed.last == other.last
        && indexed.dropLast(2) == other.dropLast(2)
    case .attention:
      return attentionFault(operands, node.shape)
    case .attentionGradient:
      if let fault = attentionFault(operands, operands[3]) { return fault }
      isRight =
        node.shape == operands[0] && operands[4] == Shape(operands[0].dropLast())
        && operands[5] == operands[3]
    case .attentionResult(let result):
      let source = tape[node.operands[0]]
      let shapes = source.operands.map { tape[$0].shape }
      switch (source.operation, result) {
      case (.attention, .logSums): isRight = node.shape == Shape(shapes[0].dropLast())
      case (.attentionGradient, .keys): isRight = node.shape == shapes[1]
      case (.attentionGradient, .values): isRight = node.shape == shapes[2]
      default: return "its operand has no \(result)"
      }
    case .convolution(let convolution):
      isRight =
        operands[0].count == operands[1].count
        && node.shape.dropFirst(2) == convolution.extents[...]
    case .scan(let scan): return fault(of: scan, operands)
    case .scanResult(let result):
      guard case .scan(let scan) = tape[node.operands[0]].operation else {
        return "its operand is no loop"
      }
      return fault(of: result, scan, node.shape)
    }
    return isRight ? nil : "does not fit the operands \(operands)"
  }

  private static func productFault(
    _ operands: [Shape], _ shape: Shape, _ transposeLeft: Bool, _ transposeRight: Bool
  ) -> String? {
    guard operands.allSatisfy({ $0.count == shape.count && $0.count >= 2 }) else {
      return "does not fit the ranks of \(operands)"
    }
    func matrix(_ shape: Shape, _ isTransposed: Bool) -> [Int] {
      isTransposed ? shape.suffix(2).reversed() : Array(shape.suffix(2))
    }
    let (left, right) = (matrix(operands[0], transposeLeft), matrix(operands[1], transposeRight))
    if left[1] != right[0] { return "inner sizes \(left[1]) and \(right[0]) differ" }
    let leading = shape.dropLast(2)
    guard operands.allSatisfy({ $0.dropLast(2) == leading }),
      Array(shape.suffix(2)) == [left[0], right[1]]
    else { return "does not fit the operands \(operands)" }
    return nil
  }

  /// Of queries, keys and values, and the result.
  private static func attentionFault(_ operands: [Shape], _ shape: Shape) -> String? {
    let (queries, keys, values) = (operands[0], operands[1], operands[2])
    let rank = shape.count
    guard [queries, keys, values].allSatisfy({ $0.count == rank }), rank >= 2 else {
      return "does not fit the ranks of \(operands)"
    }
    let isRight =
      [queries, keys, values].allSatisfy { $0.dropLast(2) == shape.dropLast(2) }
      && queries[rank - 1] == keys[rank - 1] && keys[rank - 2] == values[rank - 2]
      && shape.suffix(2) == [queries[rank - 2], values[rank - 1]]
    return isRight ? nil : "does not fit the operands \(operands)"
  }

  private static func fault(of scan: Scan, _ operands: [Shape]) -> String? {
    if scan.count < 1 { return "has \(scan.count) passes" }
    if let fault = firstFault(in: scan.body) { return "its body's \(fault)" }
    if scan.body.nodes.contains(where: { $0.operation == .allReduce }) {
      return "its body has a sum over shards"
    }
    guard scan.nextStates.count == scan.stateCount,
      operands.count >= scan.stateCount + scan.inputCount
    else {
      return
        "has \(operands.count) operands for \(scan.stateCount) states and \(scan.inputCount) inputs"
    }
    for (number, node) in scan.nextStates.enumerated() {
      guard scan.body.nodes.indices.contains(node), scan.body[node].shape == operands[number] else {
        return "state \(number) of \(operands[number]) becomes another shape"
      }
    }
    for node in scan.body.nodes {
      guard case .leaf(let number) = node.operation else { continue }
      guard operands.indices.contains(number) else {
        return "its body has leaf \(number) of \(operands.count)"
      }
      let isInput = (scan.stateCount..<scan.stateCount + scan.inputCount).contains(number)
      let shape = isInput ? [scan.count] + node.shape : node.shape
      if operands[number] != shape {
        return "leaf \(number) of its body is \(node.shape), its operand \(operands[number])"
      }
    }
    return nil
  }

  private static func fault(of result: Scan.Result, _ scan: Scan, _ shape: Shape) -> String? {
    let isThere =
      switch result {
      case .finalState(let state), .states(let state): scan.nextStates.indices.contains(state)
      case .stacked(let node): scan.body.nodes.indices.contains(node)
      }
    guard isThere else { return "the loop has no \(result)" }
    let own = scan.shape(of: result)
    return own == shape ? nil : "the loop's \(result) is \(own)"
  }
}

extension Tape.Operation {
  /// How many operands it has; nil for a loop.
  fileprivate var operandCount: Int? {
    switch self {
    case .leaf, .fill, .coordinate, .random: 0
    case .unary, .broadcast, .reshape, .transpose, .access, .detach, .scanResult, .reduce,
      .attentionResult, .allReduce:
      1
    case .binary, .known, .matrixProduct, .convolution, .gather, .scatterAdd: 2
    case .select, .attention: 3
    case .attentionGradient: 6
    case .scan: nil
    }
  }

  /// Its name in a message.
  var name: String {
    switch self {
    case .leaf(let number): "leaf \(number)"
    case .fill: "fill"
    case .coordinate: "coordinate"
    case .random: "random"
    case .unary(let operation): "\(operation)"
    case .binary(let operation): "\(operation)"
    case .select: "select"
    case .broadcast: "broadcast"
    case .reshape: "reshape"
    case .transpose: "transpose"
    case .access: "access"
    case .detach: "detach"
    case .known: "known"
    case .convolution: "convolution"
    case .scan: "loop"
    case .scanResult: "result of a loop"
    case .reduce(let kind, _): "\(kind)"
    case .matrixProduct: "matrix product"
    case .gather: "gather"
    case .scatterAdd: "scatterAdd"
    case .attention: "attention"
    case .attentionGradient: "gradient of attention"
    case .attentionResult: "result of attention"
    case .allReduce: "allReduce"
    }
  }
}
