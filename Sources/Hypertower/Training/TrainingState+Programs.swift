/// A step's instructions after the gradients.
extension TrainingState {
  /// The instructions that follow the gradients in an even step, appended to `step`.
  func appendAdjustment(
    to step: inout BatchProgram, gradient: Span, arena: Span, loss: Span
  ) throws {
    var updates: [Instruction] = []
    for number in groups.indices {
      updates.append(
        appendWalk(of: number, to: &step, gradient: gradient, arena: arena, loss: loss))
    }
    for (group, update) in zip(groups, updates) {
      if group.layout.levels[0].rule.usesFields {
        // The last walk knows what all have found.
        let last = groups[groups.count - 1]
        let live = step.bind(last.values).advanced(by: last.layout.live!)
        try appendMatrixUpdate(
          of: group, to: &step, gradient: gradient.advanced(by: group.start),
          arena: arena.advanced(by: group.start), live: live)
      } else {
        step.program.instructions.append(update)
      }
    }
  }

  /// Appends the sums and the walk of a group's tower.
  ///
  /// - Returns: the step of its parameters, which comes after the walks of all groups.
  private func appendWalk(
    of number: Int, to step: inout BatchProgram, gradient: Span, arena: Span, loss: Span
  ) -> Instruction {
    let group = groups[number]
    let layout = group.layout
    let (gradient, arena) = (gradient.advanced(by: group.start), arena.advanced(by: group.start))
    let (values, counters, partialSums) = (
      step.bind(group.values), step.bind(counters), step.bind(group.partialSums)
    )
    let records = step.bind(records)
    let ownStates = step.bind(group.states[0])
    var nextStates = ownStates
    let previousParameters = group.previousWeights.map { step.bind($0) }
    var previous: UpdateInputs?
    if group.states.count > 1 {
      // What the step before started from; this step's states will take its place.
      nextStates = step.bind(group.states[1])
      previous = UpdateInputs(
        gradient: step.bind(gradients[1]).advanced(by: group.start), states: nextStates,
        parameters: previousParameters)
    }
    var current: UpdateInputs?
    if layout.stepLimit != nil || layout.bottom.sums != nil {
      let needsParameters =
        layout.bottom.jacobianDependsOnParameter
        || layout.bottom.sums?.dependOnParameter == true
      current = UpdateInputs(
        gradient: gradient, states: ownStates, parameters: needsParameters ? arena : nil)
    }
    let projections =
      layout.sumCount == 0
      ? []
      : layout.parameters.entries.indices.map { tensor in
        Instruction.projectGradient(
          GradientProjection(
            layout: layout, tensor: tensor, gradient: gradient, previous: previous,
            derivatives: group.derivatives.map { step.bind($0) }, current: current,
            values: values, counters: counters, partialSums: partialSums))
      }
    let walk = TowerWalk(
      layout: layout, values: values, counters: counters, partialSums: partialSums,
      loss: loss, records: records, recordCapacity: recordCapacity, recordSize: recordSize,
      recordOffset: group.recordOffset, number: number, isLast: number == groups.count - 1)
    if layout.stepLimit != nil, layout.bottom.uniformsDependOnSums {
      var first = walk
      first.preparesLimit = true
      first.number += groups.count
      step.program.instructions += projections + [.walkTower(first)]
    }
    step.program.instructions += projections + [.walkTower(walk)]
    return .updateParameters(
      ParameterUpdate(
        layout: layout, parameters: arena, gradient: gradient, states: ownStates,
        nextStates: nextStates,
        average: average.map { step.bind($0).advanced(by: group.start) },
        derivatives: group.derivatives.map { step.bind($0) },
        previousParameters: previousParameters, values: values, counters: counters))
  }

  /// The arrays to run a step's program on, for even steps and, in a tower, for odd ones, given
  /// those for even steps.
  func alternatives(to arrays: [(any DeviceArray)?]) -> [[(any DeviceArray)?]] {
    guard gradients.count > 1 else { return [arrays] }
    let states = groups.map(\.states).filter { $0.count > 1 }
    let pairs = ([gradients] + states).map { ($0[0], $0[1]) }
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
