/// The step of the weights by a rule that looks at tensors as matrices, as operations on tensors.
extension TrainingState {
  /// Appends the step of a group's parameters, tensor by tensor.
  ///
  /// - Parameters:
  ///   - gradient: where the group's gradients begin.
  ///   - arena: where its parameters begin.
  ///   - live: one real; see `TowerLayout.live`.
  func appendMatrixUpdate(
    of group: MovingGroup, to step: inout BatchProgram, gradient: Span, arena: Span, live: Span
  ) throws {
    for (tensor, entry) in group.layout.parameters.entries.enumerated() where entry.count > 0 {
      var formula = MatrixFormula(entry.matrix, group.layout.bottom)
      func array(_ base: Span, _ number: Int) -> Span {
        base.advanced(by: number * group.layout.parameters.size + entry.offset)
      }
      let split = group.layout.bottom
      let isLive = formula.leaf(live, [1, 1])
      formula.set(.parameter, array(arena, 0))
      formula.set(.gradient, array(gradient, 0))
      let states = step.bind(group.states[0])
      for number in split.nextStates.indices { formula.set(.state(number), array(states, number)) }
      if let axisStates = group.axisStates {
        let base = step.bind(axisStates)
        for (number, place) in group.layout.axisStates[tensor].enumerated() {
          formula.set(.axisState(number), base.advanced(by: place.lowerBound))
        }
      }
      let average = average.map { step.bind($0).advanced(by: group.start) }
      if let average { formula.set(.average, array(average, 0)) }
      let set = group.layout.levels[0].isPerTensor ? tensor : 0
      let uniforms = step.bind(group.values).advanced(
        by: group.layout.uniforms + set * split.uniformNodes.count)
      for number in split.uniformNodes.indices {
        formula.set(.uniform(number), uniforms.advanced(by: number))
      }

      formula.update(.parameter, to: split.newParameter, isLive)
      for (number, node) in split.nextStates.enumerated() {
        formula.update(.state(number), to: node, isLive)
      }
      for (number, node) in split.nextAxisStates.enumerated() {
        formula.update(.axisState(number), to: node, isLive)
      }
      if average != nil, let node = split.newAverage {
        formula.update(.average, to: node, isLive)
      }
      if let derivatives = group.derivatives {
        let base = step.bind(derivatives)
        for (h, node) in split.jacobian.enumerated() {
          let place = formula.leaf(array(base, h), formula.shape)
          formula.update(place, to: node, isLive)
        }
      }
      try step.append(
        formula.recorder, leaves: formula.leaves, outputs: [], updates: formula.updates)
    }
  }
}

/// A bottom rule's formula for one tensor, on a tape. What is the same for a row, a column or the tensor has extents
/// of 1.
private struct MatrixFormula {
  let recorder = TapeRecorder()
  /// `[rows, columns]`, as the tensor is stored.
  let shape: Shape
  private let matrix: ParameterLayout.Matrix
  private let split: SplitRule
  private(set) var leaves: [(tensor: Tensor, span: Span)] = []
  private(set) var updates: [(tensor: Tensor, span: Span)] = []
  private var inputs: [UpdateRule.Input: (tensor: Tensor, span: Span)] = [:]
  private var known: [Int: Tensor] = [:]
  private var fields: [Int: Tensor] = [:]

  init(_ matrix: ParameterLayout.Matrix, _ split: SplitRule) {
    (self.matrix, self.split) = (matrix, split)
    shape = [matrix.rows, matrix.columns]
  }

  /// A tensor that lies in memory.
  mutating func leaf(_ span: Span, _ shape: Shape) -> (tensor: Tensor, span: Span) {
    let name = "\(leaves.count)"
    leaves.append((Tensor(recorder, recorder.leaf(.input(name: name), shape: shape)), span))
    return leaves[leaves.count - 1]
  }

  /// Says where an input of the formula lies.
  mutating func set(_ input: UpdateRule.Input, _ span: Span) {
    inputs[input] = leaf(span, shape(of: input))
  }

  /// Lets a node's elements take an input's place, as long as the run is live.
  mutating func update(
    _ input: UpdateRule.Input, to node: Int, _ isLive: (tensor: Tensor, span: Span)
  ) {
    update(inputs[input]!, to: node, isLive)
  }

  mutating func update(
    _ place: (tensor: Tensor, span: Span), to node: Int, _ isLive: (tensor: Tensor, span: Span)
  ) {
    updates.append((.select(isLive.tensor, tensor(of: node), place.tensor), place.span))
  }

  private func shape(of input: UpdateRule.Input) -> Shape {
    switch input {
    case .parameter, .gradient, .state, .average: shape
    case .uniform: [1, 1]
    case .axisState(let number):
      matrix.storesRows(split.rule.axisStates[number].axis)
        ? [matrix.rows, 1] : [1, matrix.columns]
    case .gradientBound, .runGradient, .runGradientBound, .step, .plannedSteps, .hyperparameter,
      .sharedState, .field, .sum:
      fatalError("MatrixFormula: \(input) does not lie in memory by itself")
    }
  }

  private mutating func tensor(of node: Int) -> Tensor {
    if let value = known[node] { return value }
    let value: Tensor
    switch split.graph.nodes[node] {
    case .constant(let number):
      value = Tensor(recorder, recorder.tape.append(.fill(number), shape: [1, 1]))
    case .input(let input):
      if case .field(let number) = split.inputs[input] {
        value = field(number)
      } else {
        value = inputs[split.inputs[input]]!.tensor
      }
    case .unary(let operation, let x): value = .applying(operation, to: tensor(of: x))
    case .binary(let operation, let x, let y):
      value = .applying(operation, to: tensor(of: x), and: tensor(of: y))
    case .select(let condition, let x, let y):
      value = .select(tensor(of: condition), tensor(of: x), tensor(of: y))
    }
    known[node] = value
    return value
  }

  private mutating func field(_ number: Int) -> Tensor {
    if let value = fields[number] { return value }
    let own = split.fields[number]
    let operands = own.operands.map { tensor(of: $0) }
    func mean(_ axes: [Int]) -> Tensor { operands[0].mean(axes, keepingAxes: true) }
    let value =
      switch own.kind {
      case .rowMean: mean([matrix.isTransposed ? 0 : 1])
      case .columnMean: mean([matrix.isTransposed ? 1 : 0])
      case .tensorMean: mean([0, 1])
      case .orthogonal:
        NewtonSchulz(matrix).orthogonalized(operands[0].broadcast(to: shape))
      case .orthogonalTangent:
        NewtonSchulz(matrix).tangent(
          at: operands[0].broadcast(to: shape), along: operands[1].broadcast(to: shape))
      }
    fields[number] = value
    return value
  }
}
