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
  /// The shared states after the step, nodes of the first part.
  package let nextSharedStates: [Int]
  package let newParameter: Int
  package let nextStates: [Int]
  /// The states of rows and columns after the step.
  let nextAxisStates: [Int]
  /// What is taken from whole tensors; operands are nodes of `graph`.
  let fields: [UpdateRule.Field]
  /// The derivatives of the new parameter by each hyperparameter, without their uniform factors.
  package let jacobian: [Int]
  /// The uniform factor of each derivative, as a node of the second part.
  package let jacobianFactors: [Int]
  /// How many arrays the derivatives by the hyperparameters are computed from.
  package let jacobianInputCount: Int
  /// What evaluation takes for the parameter after the step, if that is something else: an average, or
  /// what the rule says; the parameter itself, where it is evaluated apart for the sake of others.
  package let newAverage: Int?
  /// Whether any of the uniform nodes depends on what is summed.
  let uniformsDependOnSums: Bool
  /// What is summed over all parameters before the step.
  package let sums: SumOperands?
  /// Whether the derivatives by the hyperparameters depend on the parameter itself.
  package let jacobianDependsOnParameter: Bool

  package init(_ rule: UpdateRule, average: WeightAverage? = nil, isEvaluatedApart: Bool = false) {
    self.rule = rule
    var inputs = rule.inputs
    func varies(_ input: Int) -> Bool { inputs[input].varies }
    let written =
      [rule.newParameter] + rule.states.map(\.next) + rule.axisStates.map(\.state.next)
      + rule.fields.flatMap(\.operands) + (rule.evaluated.map { [$0] } ?? [])
      + rule.jacobian
      + rule.sharedStates.map(\.next)
    var (factored, parts) = rule.graph.takingOutUniformFactors(
      of: written, varies: rule.graph.dependents(of: varies))
    let values = written.count - rule.jacobian.count - rule.sharedStates.count
    let shared = parts.suffix(rule.sharedStates.count)
    parts.removeLast(shared.count)
    let wholes = parts[..<values].map {
      factored.append(.binary(.multiply, $0.factor, $0.core))
    }
    let wanted =
      wholes + parts[values...].map(\.core) + parts[values...].map(\.factor)
      + shared.map { factored.append(.binary(.multiply, $0.factor, $0.core)) }
    let sharing = factored.sharingReciprocals(
      neededBy: wanted, varies: factored.dependents(of: varies))
    var whole = sharing.graph
    let renumbered = sharing.mapped
    var outputs = wanted.map { renumbered[$0] }
    let sharedNext = Array(outputs.suffix(shared.count))
    outputs.removeLast(shared.count)
    func input(_ input: UpdateRule.Input, in graph: inout ScalarGraph) -> Int {
      if let known = inputs.firstIndex(of: input) { return graph.append(.input(known)) }
      inputs.append(input)
      return graph.append(.input(inputs.count - 1))
    }
    let averageWeight = average.map { average in
      let step = input(.step, in: &whole)
      return average.weight(step: step, in: &whole)
    }
    let cut = whole.cut(at: outputs + (averageWeight.map { [$0] } ?? []), &inputs)
    (uniformGraph, uniformNodes) = (whole, cut.uniformNodes)
    let ofSums = whole.dependents { if case .sum = inputs[$0] { true } else { false } }
    uniformsDependOnSums = cut.uniformNodes.contains { ofSums[$0] }
    nextSharedStates = sharedNext
    var (graph, mapped) = (cut.graph, cut.mapped)
    newParameter = mapped[outputs[0]]
    if let averageWeight {
      let weight = input(
        .uniform(uniformNodes.firstIndex(of: averageWeight)!), in: &graph)
      let (old, new) = (input(.average, in: &graph), mapped[outputs[0]])
      // Exactly the new weights in the first step, whatever was there before.
      let isWhole = graph.append(.binary(.equal, weight, graph.append(.constant(1))))
      let difference = graph.append(.binary(.subtract, new, old))
      let change = graph.append(.binary(.multiply, weight, difference))
      let moved = graph.append(.binary(.add, old, change))
      newAverage = graph.append(.select(isWhole, new, moved))
    } else {
      let evaluated = rule.evaluated == nil ? nil : mapped[outputs[values - 1]]
      newAverage = evaluated ?? (isEvaluatedApart ? newParameter : nil)
    }
    self.graph = graph
    self.inputs = inputs
    var rest = outputs.dropFirst().map { mapped[$0] }[...]
    func take(_ count: Int) -> [Int] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    nextStates = take(rule.states.count)
    nextAxisStates = take(rule.axisStates.count)
    fields = rule.fields.map { .init(kind: $0.kind, operands: take($0.operands.count)) }
    let derivatives = outputs[values...].map { mapped[$0] }
    jacobian = Array(derivatives.prefix(rule.jacobian.count))
    jacobianFactors = Array(derivatives.suffix(rule.jacobian.count))
    let dependents = graph.dependents { inputs[$0] == .parameter }
    jacobianDependsOnParameter = jacobian.contains { dependents[$0] }
    sums = rule.sums.isEmpty ? nil : SumOperands(rule)
    let neededByJacobian = graph.needed(by: jacobian)
    jacobianInputCount = graph.nodes.indices.count { node in
      guard neededByJacobian[node], case .input(let input) = graph.nodes[node] else { return false }
      return varies(input)
    }
  }
}

/// What a rule sums over all parameters, in two parts as the rule is.
package struct SumOperands: Sendable {
  /// The first part, whose inputs are those of the rule.
  package let uniformGraph: ScalarGraph
  package let uniformNodes: [Int]
  package let graph: ScalarGraph
  /// What the inputs of both parts are, by their numbers.
  package let inputs: [UpdateRule.Input]
  /// The operands, nodes of `graph`.
  package let outputs: [Int]
  /// Whether the operands depend on the parameter itself.
  package let dependOnParameter: Bool

  init(_ rule: UpdateRule) {
    var inputs = rule.inputs
    let cut = rule.graph.cut(at: rule.sums, &inputs)
    (uniformGraph, uniformNodes, graph) = (rule.graph, cut.uniformNodes, cut.graph)
    outputs = rule.sums.map { cut.mapped[$0] }
    let dependents = graph.dependents { inputs[$0] == .parameter }
    dependOnParameter = outputs.contains { dependents[$0] }
    self.inputs = inputs
  }
}

extension UpdateRule.Input {
  /// Whether it differs from parameter to parameter of a tensor.
  var varies: Bool {
    switch self {
    case .parameter, .gradient, .gradientBound, .runGradient, .runGradientBound, .state,
      .axisState, .field, .average:
      true
    case .step, .plannedSteps, .hyperparameter, .sharedState, .sum, .uniform: false
    }
  }
}

extension ScalarGraph {
  /// What varies of the nodes `outputs`, with the uniform nodes at the border as inputs.
  ///
  /// - Parameter inputs: what the inputs are; those that are new are added.
  /// - Returns: the uniform nodes, the graph, and its node for each node here that has one.
  fileprivate func cut(
    at outputs: [Int], _ inputs: inout [UpdateRule.Input]
  ) -> (uniformNodes: [Int], graph: ScalarGraph, mapped: [Int]) {
    let isVarying = dependents { inputs[$0].varies }
    let needed = needed(by: outputs)
    // Used by a varying node, or outputs themselves.
    var border: Set<Int> = []
    func addIfUniform(_ node: Int) {
      if !isVarying[node], constant(node) == nil { border.insert(node) }
    }
    outputs.forEach(addIfUniform)
    for (index, node) in nodes.enumerated() where needed[index] && isVarying[index] {
      node.operands.forEach(addIfUniform)
    }
    let uniformNodes = border.sorted()

    var graph = ScalarGraph()
    var mapped = [Int](repeating: -1, count: nodes.count)
    for (index, node) in nodes.enumerated() where needed[index] {
      if let uniform = uniformNodes.firstIndex(of: index) {
        let input = UpdateRule.Input.uniform(uniform)
        if !inputs.contains(input) { inputs.append(input) }
        mapped[index] = graph.append(.input(inputs.firstIndex(of: input)!))
      } else if isVarying[index] || constant(index) != nil {
        mapped[index] = graph.append(node.mappingOperands { mapped[$0] })
      }
    }
    return (uniformNodes, graph, mapped)
  }
}
