/// A rule's formula in two parts: what depends on hyperparameters and the step alone, computed once
/// a step, and what differs from parameter to parameter.
package struct SplitRule: Sendable {
  package let rule: UpdateRule
  /// The first part, whose inputs are those of the rule.
  package let uniformGraph: ScalarGraph
  /// The nodes of the first part that the second takes as given.
  package let uniformNodes: [Int]
  /// The second part: its inputs are those of the rule, and from `firstUniformInput` on the
  /// uniform values.
  package let graph: ScalarGraph
  package let newParameter: Int
  package let nextStates: [Int]
  /// The derivatives of the new parameter by each hyperparameter, without their uniform factors.
  package let jacobian: [Int]
  /// The uniform factor of each derivative, as a node of the second part.
  package let jacobianFactors: [Int]
  package let firstUniformInput: Int
  /// Whether the derivatives by the hyperparameters depend on the parameter itself.
  package let jacobianDependsOnParameter: Bool

  package init(_ rule: UpdateRule) {
    self.rule = rule
    let stateInputs = Set(rule.states.indices.map(UpdateRule.Input.state))
    func varies(_ input: Int) -> Bool {
      input == UpdateRule.Input.parameter || input == UpdateRule.Input.gradient
        || stateInputs.contains(input)
    }
    let written = [rule.newParameter] + rule.states.map(\.next) + rule.jacobian
    var (factored, parts) = rule.graph.takingOutUniformFactors(
      of: written, varies: rule.graph.dependents(of: varies))
    let values = 1 + rule.states.count
    let wholes = parts[..<values].map {
      factored.append(.binary(.multiply, $0.factor, $0.core))
    }
    let wanted = wholes + parts[values...].map(\.core) + parts[values...].map(\.factor)
    let (whole, renumbered) = factored.sharingReciprocals(
      neededBy: wanted, varies: factored.dependents(of: varies))
    let outputs = wanted.map { renumbered[$0] }
    let isVarying = whole.dependents(of: varies)
    let needed = whole.needed(by: outputs)

    // Uniform nodes at the border: used by a varying node, or outputs themselves.
    var border: Set<Int> = []
    func addIfUniform(_ node: Int) {
      if !isVarying[node], whole.constant(node) == nil { border.insert(node) }
    }
    outputs.forEach(addIfUniform)
    for (index, node) in whole.nodes.enumerated() where needed[index] && isVarying[index] {
      node.operands.forEach(addIfUniform)
    }
    uniformGraph = whole
    uniformNodes = border.sorted()
    firstUniformInput =
      3 + 2 * Swift.max(rule.hyperparameters.count, rule.states.count + 1)

    var graph = ScalarGraph()
    var mapped = [Int](repeating: -1, count: whole.nodes.count)
    for (index, node) in whole.nodes.enumerated() where needed[index] {
      if let uniform = uniformNodes.firstIndex(of: index) {
        mapped[index] = graph.append(.input(firstUniformInput + uniform))
      } else if isVarying[index] || whole.constant(index) != nil {
        mapped[index] = graph.append(node.mappingOperands { mapped[$0] })
      }
    }
    self.graph = graph
    newParameter = mapped[outputs[0]]
    nextStates = outputs[1..<values].map { mapped[$0] }
    let derivatives = outputs[values...].map { mapped[$0] }
    jacobian = Array(derivatives.prefix(rule.jacobian.count))
    jacobianFactors = Array(derivatives.suffix(rule.jacobian.count))
    let dependents = graph.dependents { $0 == UpdateRule.Input.parameter }
    jacobianDependsOnParameter = jacobian.contains { dependents[$0] }
  }
}
