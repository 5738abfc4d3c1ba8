/// A rule's formula in two parts: what depends on hyperparameters and the step alone, computed once
/// a step, and what differs from parameter to parameter. The average of the weights, if there is one,
/// belongs to both.
package struct SplitRule: Sendable {
  package let rule: UpdateRule
  /// The first part, whose inputs are those of the rule.
  package let uniformGraph: ScalarGraph
  /// The nodes of the first part that the second takes as given.
  package let uniformNodes: [Int]
  package let graph: ScalarGraph
  /// What the inputs of both parts are, by their numbers.
  package let inputs: [UpdateRule.Input]
  package let newParameter: Int
  package let nextStates: [Int]
  /// The derivatives of the new parameter by each hyperparameter, without their uniform factors.
  package let jacobian: [Int]
  /// The uniform factor of each derivative, as a node of the second part.
  package let jacobianFactors: [Int]
  /// The average of the parameter after the step, if there is one.
  package let newAverage: Int?
  /// Whether the derivatives by the hyperparameters depend on the parameter itself.
  package let jacobianDependsOnParameter: Bool

  package init(_ rule: UpdateRule, average: WeightAverage? = nil) {
    self.rule = rule
    var inputs = rule.inputs
    func varies(_ input: Int) -> Bool {
      switch inputs[input] {
      case .parameter, .gradient, .gradientBound, .state, .average: true
      case .step, .plannedSteps, .hyperparameter, .uniform: false
      }
    }
    let written = [rule.newParameter] + rule.states.map(\.next) + rule.jacobian
    var (factored, parts) = rule.graph.takingOutUniformFactors(
      of: written, varies: rule.graph.dependents(of: varies))
    let values = 1 + rule.states.count
    let wholes = parts[..<values].map {
      factored.append(.binary(.multiply, $0.factor, $0.core))
    }
    let wanted = wholes + parts[values...].map(\.core) + parts[values...].map(\.factor)
    let sharing = factored.sharingReciprocals(
      neededBy: wanted, varies: factored.dependents(of: varies))
    var whole = sharing.graph
    let renumbered = sharing.1
    let outputs = wanted.map { renumbered[$0] }
    func input(_ input: UpdateRule.Input, in graph: inout ScalarGraph) -> Int {
      if let known = inputs.firstIndex(of: input) { return graph.append(.input(known)) }
      inputs.append(input)
      return graph.append(.input(inputs.count - 1))
    }
    let averageWeight = average.map { average in
      let step = input(.step, in: &whole)
      return average.weight(step: step, in: &whole)
    }
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
    if let averageWeight { border.insert(averageWeight) }
    uniformNodes = border.sorted()

    var graph = ScalarGraph()
    var mapped = [Int](repeating: -1, count: whole.nodes.count)
    for (index, node) in whole.nodes.enumerated() where needed[index] {
      if let uniform = uniformNodes.firstIndex(of: index) {
        mapped[index] = input(.uniform(uniform), in: &graph)
      } else if isVarying[index] || whole.constant(index) != nil {
        mapped[index] = graph.append(node.mappingOperands { mapped[$0] })
      }
    }
    newParameter = mapped[outputs[0]]
    if let averageWeight {
      let weight = input(.uniform(border.sorted().firstIndex(of: averageWeight)!), in: &graph)
      let (old, new) = (input(.average, in: &graph), mapped[outputs[0]])
      // Exactly the new weights in the first step, whatever was there before.
      let isWhole = graph.append(.binary(.equal, weight, graph.append(.constant(1))))
      let difference = graph.append(.binary(.subtract, new, old))
      let change = graph.append(.binary(.multiply, weight, difference))
      let moved = graph.append(.binary(.add, old, change))
      newAverage = graph.append(.select(isWhole, new, moved))
    } else {
      newAverage = nil
    }
    self.graph = graph
    self.inputs = inputs
    nextStates = outputs[1..<values].map { mapped[$0] }
    let derivatives = outputs[values...].map { mapped[$0] }
    jacobian = Array(derivatives.prefix(rule.jacobian.count))
    jacobianFactors = Array(derivatives.suffix(rule.jacobian.count))
    let dependents = graph.dependents { inputs[$0] == .parameter }
    jacobianDependsOnParameter = jacobian.contains { dependents[$0] }
  }
}
