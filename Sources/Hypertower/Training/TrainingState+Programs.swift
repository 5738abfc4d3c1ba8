/// A step's instructions after the gradients.
extension TrainingState {
  /// The instructions that follow the gradients in an even step, appended to `step`.
  func appendAdjustment(
    to step: inout BatchProgram, gradient: Span, arena: Span, loss: Span
  ) {
    let (values, counters, partialSums) = (
      step.bind(values), step.bind(counters), step.bind(partialSums)
    )
    let records = step.bind(records)
    let ownStates = step.bind(states[0])
    var nextStates = ownStates
    let previousParameters = previousWeights.map { step.bind($0) }
    var previous: UpdateInputs?
    if states.count > 1 {
      // What the step before started from; this step's states will take its place.
      nextStates = step.bind(states[1])
      previous = UpdateInputs(
        gradient: step.bind(gradients[1]), states: nextStates, parameters: previousParameters)
    }
    var current: UpdateInputs?
    if layout.stepLimit != nil || layout.bottom.sums != nil {
      let needsParameters =
        layout.bottom.jacobianDependsOnParameter
        || layout.bottom.sums?.dependOnParameter == true
      current = UpdateInputs(
        gradient: gradient, states: ownStates, parameters: needsParameters ? arena : nil)
    }
    if layout.sumCount > 0 {
      for tensor in layout.parameters.entries.indices {
        step.program.instructions.append(
          .projectGradient(
            GradientProjection(
              layout: layout, tensor: tensor, gradient: gradient, previous: previous,
              derivatives: derivatives.map { step.bind($0) }, current: current, values: values,
              counters: counters, partialSums: partialSums)))
      }
    }
    step.program.instructions += [
      .walkTower(
        TowerWalk(
          layout: layout, values: values, counters: counters, partialSums: partialSums,
          loss: loss, records: records, recordCapacity: recordCapacity)),
      .updateParameters(
        ParameterUpdate(
          layout: layout, parameters: arena, gradient: gradient, states: ownStates,
          nextStates: nextStates, average: average.map { step.bind($0) },
          derivatives: derivatives.map { step.bind($0) }, previousParameters: previousParameters,
          values: values, counters: counters)),
    ]
  }

  /// The arrays to run a step's program on, for even steps and, in a tower, for odd ones, given
  /// those for even steps.
  func alternatives(to arrays: [(any DeviceArray)?]) -> [[(any DeviceArray)?]] {
    guard gradients.count > 1 else { return [arrays] }
    let pairs = [(gradients[0], gradients[1]), (states[0], states[1])]
    let swapped = arrays.map { array -> (any DeviceArray)? in
      for (first, second) in pairs {
        if array === first { return second }
        if array === second { return first }
      }
      return array
    }
    return [arrays, swapped]
  }
}
