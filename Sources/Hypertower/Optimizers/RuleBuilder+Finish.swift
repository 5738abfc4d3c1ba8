/// How a formula that is written down becomes a rule.
extension RuleBuilder {
  func finish(
    _ definition: RuleDefinition, granularity: UpdateRule.Granularity, newParameter: Expression,
    tensorValues: [String: Double], horizon: UpdateRule.Horizon
  ) -> UpdateRule {
    let output = newParameter.index(in: recorder)
    let own = hyperparameters.indices.map {
      input(.hyperparameter($0)).index(in: recorder)
    }
    let varies = recorder.graph.dependents { inputs[$0].varies }
    if inputs.contains(.runGradient) || inputs.contains(.runGradientBound) {
      guard case .learningRates(_, .run) = tunes else {
        fatalError(
          "\(definition.name): reads gradients of the run, but does not ask for them: call "
            + "tunesLearningRates(horizon: .run)")
      }
    }
    for state in sharedStates {
      require(
        !varies[state.next] && !varies[state.initial],
        "\(definition.name): '\(state.name)' is shared by all parameters, so it cannot depend on one; "
          + "take a sum")
    }
    let jacobian = jacobian(of: output, by: own)
    let firstRunSum = horizon == .run ? appendRun(of: jacobian) : nil
    return UpdateRule(
      name: definition.name, granularity: granularity, hyperparameters: hyperparameters,
      tensorValues: tensorValues,
      constants: constants.filter { $0.value != $0.defaultValue || $0.curve != nil },
      states: states, sharedStates: sharedStates, axisStates: axisStates, fields: fields,
      sums: sums,
      inputs: inputs, graph: recorder.graph,
      newParameter: output, evaluated: evaluated, estimatesStepSize: estimatesStepSize,
      jacobian: jacobian, tunes: tunes,
      dependsOnParameterDomain: dependsOnDomain, tunable: tunable, parameterDomain: domain,
      horizon: horizon, firstRunSum: firstRunSum, usesMatrices: usesMatrices,
      needsMatrices: needsMatrices,
      movesNumbers: movesNumbers, definition: definition)
  }
}
