/// What a formula keeps from one step to the next, and what it sums over all parameters.
extension RuleBuilder {
  /// A number kept for every parameter from one step to the next.
  ///
  /// - Parameters:
  ///   - name: what checkpoints call it.
  ///   - initial: its value before the first step, which may depend on hyperparameters; it counts as a constant,
  ///     no gradient flows through it.
  public func state(_ name: String, initial: Expression = 0) -> Expression {
    let number = states.count
    let state = input(.state(number))
    let node = state.index(in: recorder)
    states.append(
      UpdateRule.State(name: name, initial: initial.index(in: recorder), next: node))
    stateNodes.append(node)
    return state
  }

  /// A number kept for all parameters together or, where each tensor has its own hyperparameters, for those
  /// of a tensor.
  ///
  /// - Parameters:
  ///   - name: what checkpoints call it.
  ///   - initial: its value before the first step, which may depend on hyperparameters.
  public func sharedState(_ name: String, initial: Expression = 0) -> Expression {
    let state = input(.sharedState(sharedStates.count))
    let node = state.index(in: recorder)
    sharedStates.append(
      UpdateRule.State(name: name, initial: initial.index(in: recorder), next: node))
    return state
  }

  /// Sets what a state is after the step; of a shared one, from what is the same for all parameters.
  public func update(_ state: Expression, to next: Expression) {
    let (node, next) = (state.index(in: recorder), next.index(in: recorder))
    if let number = stateNodes.firstIndex(of: node) {
      states[number].next = next
    } else if case .input(let number) = recorder.graph.nodes[node],
      case .sharedState(let shared) = inputs[number]
    {
      sharedStates[shared].next = next
    } else if case .input(let number) = recorder.graph.nodes[node],
      case .axisState(let own) = inputs[number]
    {
      axisStates[own].state.next = next
    } else {
      fatalError("update: not a state of this rule")
    }
  }

  /// Lets evaluation and saving take `value` for the parameter after the step, in place of the formula's
  /// result: for rules that compute gradients at another point than the one they mean.
  ///
  /// Of the weights' level alone; a run with such a rule cannot have a `WeightAverage`, too.
  public func evaluate(at value: Expression) { evaluated = value.index(in: recorder) }

  /// Σ `value` over all parameters that the rule moves or, where each tensor has its own hyperparameters,
  /// over those of a tensor, as one more number that is the same for all of them. Above the weights, what
  /// the level below calls a hyperparameter is a parameter, and a tensor of its own.
  ///
  /// For the level above, whose gradients are derivatives of the parameter after the step, a sum is a
  /// constant.
  ///
  /// - Parameter value: of the parameter, the gradient and the states before this step; what it has of
  ///   hyperparameters is what they were before the level above moved them. No sum of other sums.
  public func sum(of value: Expression) -> Expression {
    let node = value.index(in: recorder)
    let isOfSums = recorder.graph.dependents {
      switch self.inputs[$0] {
      case .sum, .runGradient, .runGradientBound, .field, .axisState: true
      case .parameter, .gradient, .gradientBound, .step, .plannedSteps, .hyperparameter,
        .state,
        .sharedState, .uniform, .average:
        false
      }
    }
    require(
      !isOfSums[node],
      "sum(of:): of what depends on another sum of the same step, on a gradient of the run, which is one, or on "
        + "what is taken from whole tensors, which comes later"
    )
    sums.append(node)
    return input(.sum(sums.count - 1))
  }

  /// Σ `x`·`y`, as `sum(of:)` is.
  public func dot(_ x: Expression, _ y: Expression) -> Expression { sum(of: x * y) }

  /// √(Σ `value`²), as `sum(of:)` is.
  public func norm(of value: Expression) -> Expression { dot(value, value).sqrt() }

  /// What the formula of another rule adds to the parameter, for rules that go on from there.
  ///
  /// Its states become states of this rule, and its hyperparameters arguments: its step sizes, which are 1 where
  /// none is given, stay what a level above may tune, and all others are constants. Where its formula is the
  /// parameter minus something, the result is computed from that alone, so that no digits are lost.
  func step(of base: RuleDefinition) -> Expression {
    isInner = true
    defer { isInner = false }
    let output = base.formula(self).index(in: recorder)
    require(
      evaluated == nil,
      "\(base.name): says itself which weights are tested, so it has no step alone")
    return difference(of: expression(output), from: parameter)
  }
}
