extension ScalarGraph {
  /// Assignments that compute `results`: first of each intermediate number that is used more than once, then of each
  /// result, such as `v3 = tanh(x)` and `y = v3 * v3`.
  ///
  /// - Parameters:
  ///   - results: what each is called, and its node.
  ///   - input: what input number i is called.
  func assignments(_ results: [(name: String, node: Int)], input: (Int) -> String) -> [String] {
    let needed = needed(by: results.map(\.node))
    var uses = [Int](repeating: 0, count: nodes.count)
    for index in nodes.indices where needed[index] {
      for operand in nodes[index].operands { uses[operand] += 1 }
    }
    for result in results { uses[result.node] += 1 }
    var lines: [String] = []
    /// What stands for each node in the formulas of others, and whether that needs parentheses there.
    var texts: [(text: String, isSum: Bool)] = []
    func operand(_ index: Int) -> String {
      texts[index].isSum ? "(\(texts[index].text))" : texts[index].text
    }
    for (index, node) in nodes.enumerated() {
      guard needed[index] else {
        texts.append(("", false))
        continue
      }
      switch node {
      case .constant(let value): texts.append(("\(value)", value < 0))
      case .input(let number): texts.append((input(number), false))
      case .unary(.negate, let x): texts.append(("-\(operand(x))", true))
      case .unary(let operation, let x): texts.append((operation.text(of: texts[x].text), false))
      case .binary(let operation, let x, let y):
        texts.append((operation.text(of: operand(x), operand(y)), true))
      case .select(let condition, let x, let y):
        texts.append(("\(operand(condition)) ? \(operand(x)) : \(operand(y))", true))
      }
      if uses[index] > 1, !node.operands.isEmpty {
        lines.append("v\(index) = \(texts[index].text)")
        texts[index] = ("v\(index)", false)
      }
    }
    return lines + results.map { "\($0.name) = \(texts[$0.node].text)" }
  }
}
