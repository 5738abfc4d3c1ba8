extension Tape {
  /// The nodes that `results` need, a line each: number, shape and operation.
  ///
  /// ```
  /// %0 [2, 3] = input x
  /// %1 [4, 3] = parameter
  /// %2 [2, 4] = %0 · %1ᵀ
  /// ```
  ///
  /// - Parameters:
  ///   - results: nodes.
  ///   - leaf: what leaf number i is called.
  package func text(of results: [Index], leaf: (Int) -> String) -> String {
    let needed = needed(by: results)
    return nodes.indices.filter { needed[$0] }.map { index in
      let node = nodes[index]
      return "%\(index) \(node.shape) = "
        + node.operation.text(of: node.operands.map { "%\($0)" }, leaf: leaf)
    }.joined(separator: "\n")
  }
}

extension Tape.Operation {
  /// The operation on operands of these names.
  fileprivate func text(of operands: [String], leaf: (Int) -> String) -> String {
    let all = operands.joined(separator: ", ")
    switch self {
    case .leaf(let number): return leaf(number)
    case .fill(let value): return "\(value) everywhere"
    case .coordinate(let axis): return "index along axis \(axis)"
    case .random(let call): return "random numbers, call \(call)"
    case .unary(let operation): return operation.text(of: operands[0])
    case .binary(let operation): return operation.text(of: operands[0], operands[1])
    case .select: return "\(operands[0]) ? \(operands[1]) : \(operands[2])"
    case .broadcast: return "broadcast \(all)"
    case .reshape: return "reshape \(all)"
    case .transpose(let permutation): return "transpose \(all), axes \(permutation)"
    case .access(let access):
      let indices = access.indices.map { $0.text() }.joined(separator: ", ")
      return "\(all)[\(indices)], outside \(access.outside)"
    case .detach: return "constant \(all)"
    case .known: return "\(operands[0]), differentiated as \(operands[1])"
    case .convolution(let convolution):
      return (convolution.isTransposed ? "transposed convolution " : "convolution ") + all
    case .scan(let scan):
      return "scan of \(all): \(scan.body.nodes.count) operations a pass"
    case .scanResult(.finalState(let number)): return "last state \(number) of \(all)"
    case .scanResult(.states(let number)): return "states \(number) of \(all)"
    case .scanResult(.stacked(let node)): return "%\(node) in each pass of \(all)"
    case .reduce(let reduction, let axes): return "\(reduction) of \(all) along \(axes)"
    case .matrixProduct(let transposeLeft, let transposeRight):
      return operands[0] + (transposeLeft ? "ᵀ" : "") + " · " + operands[1]
        + (transposeRight ? "ᵀ" : "")
    case .gather: return "rows of \(operands[0]) at \(operands[1])"
    case .scatterAdd: return "sums of \(operands[0]) in rows \(operands[1])"
    case .attention(let attention):
      return (attention.isCausal ? "causal attention " : "attention ") + all
    case .attentionGradient: return "gradient of attention \(all)"
    case .attentionResult(let result): return "\(result) of \(all)"
    case .allReduce: return "sum over shards of \(all)"
    }
  }
}

extension IndexExpression {
  /// The expression in the indices i0, i1, … of the axes, such as `2·i0 + i1 - 1`.
  func text() -> String {
    var text = ""
    func add(_ term: String, _ factor: Int) {
      let magnitude = factor.magnitude == 1 && !term.isEmpty ? "" : "\(factor.magnitude)"
      let product = [magnitude, term].filter { !$0.isEmpty }.joined(separator: "·")
      text += text.isEmpty ? (factor < 0 ? "-" : "") : (factor < 0 ? " - " : " + ")
      text += product
    }
    for (axis, coefficient) in coefficients.enumerated() where coefficient != 0 {
      add("i\(axis)", coefficient)
    }
    if offset != 0 || text.isEmpty { add("", offset) }
    return divisor == 1 ? text : "(\(text)) / \(divisor)"
  }
}
