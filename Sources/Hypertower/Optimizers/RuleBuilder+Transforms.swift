/// How a formula is written down with transforms around it.
extension RuleBuilder {
  /// Writes a definition's formula down, with the transforms around it.
  func write(_ definition: RuleDefinition) -> Expression {
    let (before, after) = definition.transforms
    if before.isEmpty, after.isEmpty { return definition.formula(self) }
    let gradient = gradient
    var (given, isDue) = (gradient, Expression?.none)
    var firstState = 0
    for (number, transform) in before.enumerated() {
      element = number
      switch transform.action {
      case .onGradient(let change): given = change(self, given)
      case .onBatches(let batches):
        let count = batches(self)
        let sum = state("accumulated")
        let next = sum + given / count
        let isLast = Transform.multiple(step, of: count)
        update(sum, to: .select(isLast, 0, next))
        (given, isDue, firstState) = (next, isLast, states.count)
        // In the middle between two steps, where a quotient that is not exact makes no difference.
        stepsOfRule = ((step - 0.5) / count).floor() + 1
      case .onStep: fatalError("\(transform.name): stands before a rule")
      }
    }
    (givenGradient, element) = (given, before.count)
    let output = definition.formula(self)
    givenGradient = nil
    let start = parameter
    var result = output
    if !after.isEmpty {
      var change = difference(of: output, from: start)
      for (number, transform) in after.enumerated() {
        element = before.count + 1 + number
        guard case .onStep(let transformed) = transform.action else {
          fatalError("\(transform.name): stands after a rule")
        }
        change = transformed(self, change)
      }
      result = start + change
    }
    guard let isDue else { return result }
    stepsOfRule = nil
    keepStates(from: firstState, unless: isDue)
    return .select(isDue, result, start)
  }

  /// Lets states from number `first` on, and those that parameters share, stay as they are unless `isDue`.
  func keepStates(from first: Int, unless isDue: Expression) {
    func kept(_ state: UpdateRule.State, _ now: Expression) -> Int {
      Expression.select(isDue, expression(state.next), now).index(in: recorder)
    }
    for number in states.indices.dropFirst(first) {
      states[number].next = kept(states[number], expression(stateNodes[number]))
    }
    for number in axisStates.indices {
      axisStates[number].state.next = kept(
        axisStates[number].state, input(.axisState(number)))
    }
    for number in sharedStates.indices {
      sharedStates[number].next = kept(sharedStates[number], input(.sharedState(number)))
    }
  }

  /// What `value` is beyond `start`, without losing its digits.
  func difference(of value: Expression, from start: Expression) -> Expression {
    let (value, start) = (value.index(in: recorder), start.index(in: recorder))
    return expression(recorder.graph.appendDifference(of: value, from: start))
  }

  /// What a transform's sums go over.
  enum SumReach {
    /// All that the rule moves.
    case all
    /// Each tensor by itself.
    case each
  }
}
