/// The names under which checkpoints hold what has a parameter's shape.
extension TrainingState {
  /// Where a tensor of a checkpoint lies on the device.
  struct NamedTensor {
    let name: String
    /// The number of the parameter whose shape it has.
    let parameter: Int
    let array: any DeviceArray
    /// Where it begins in `array`.
    let offset: Int
    /// The number of its elements, if it has one for each row or column of the parameter in place of its shape.
    var count: Int?
  }

  /// What the next step starts from beside the weights that evaluation sees.
  ///
  /// `optimizer.w1.m` is a state of the bottom rule, which may have a number for each row or column instead, and
  /// `training.w1` the weight of now, where its own name holds the average. After the first step of a tower there are
  /// also the derivatives of w1 by the bottom rule's hyperparameters, without their factors,
  /// `tower.0.derivative.w1.alpha`; or what they are computed from: `tower.0.previous.gradient.w1`,
  /// `tower.0.previous.state.w1.m`, `tower.0.previous.weight.w1`.
  func namedTensors(stepCount: Int) -> [NamedTensor] {
    parameters.indices.flatMap { number -> [NamedTensor] in
      guard let group = groupNumbers[number] else {
        // Frozen: what evaluation sees is the weight.
        return []
      }
      return namedTensors(of: number, in: groups[group], stepCount: stepCount)
    }
  }

  private func namedTensors(
    of number: Int, in group: MovingGroup, stepCount: Int
  ) -> [NamedTensor] {
    let rule = group.layout.levels[0].rule
    let (size, place) = (group.layout.parameters.size, group.offset(of: number))
    let parameter = parameters[number].name
    // Arrays change places every step.
    func now(_ arrays: [any DeviceArray]) -> any DeviceArray { arrays[stepCount % arrays.count] }
    func before(_ arrays: [any DeviceArray]) -> any DeviceArray {
      arrays[(stepCount + 1) % arrays.count]
    }
    func states(_ beginning: String, in array: any DeviceArray) -> [NamedTensor] {
      rule.states.enumerated().map { state, own in
        NamedTensor(
          name: "\(beginning).\(parameter).\(own.name)", parameter: number, array: array,
          offset: state * size + place)
      }
    }
    var tensors = states("optimizer", in: now(group.states))
    if let axisStates = group.axisStates {
      let places = group.layout.axisStates[group.parameters.firstIndex(of: number)!]
      tensors += zip(rule.axisStates, places).map { own, place in
        NamedTensor(
          name: "optimizer.\(parameter).\(own.state.name)", parameter: number,
          array: axisStates, offset: place.lowerBound, count: place.count)
      }
    }
    func add(_ beginning: String, _ array: any DeviceArray, at offset: Int) {
      tensors.append(
        NamedTensor(
          name: "\(beginning).\(parameter)", parameter: number, array: array, offset: offset))
    }
    if average != nil { add("training", arena, at: offsets[number]) }
    guard stepCount > 0, group.layout.height > 0 else { return tensors }
    if let derivatives = group.derivatives {
      tensors += rule.hyperparameters.enumerated().map { h, hyperparameter in
        NamedTensor(
          name: "tower.0.derivative.\(parameter).\(hyperparameter.rawName)", parameter: number,
          array: derivatives, offset: h * size + place)
      }
    } else {
      add("tower.0.previous.gradient", before(gradients), at: offsets[number])
      tensors += states("tower.0.previous.state", in: before(group.states))
      if let previousWeights = group.previousWeights {
        add("tower.0.previous.weight", previousWeights, at: place)
      }
    }
    return tensors
  }
}
