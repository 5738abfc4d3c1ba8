/// The names under which checkpoints hold what has a parameter's shape.
extension TrainingState {
  /// Where a tensor of a checkpoint lies on the device.
  struct NamedTensor {
    let name: String
    /// The number of the parameter whose shape it has.
    let parameter: Int
    let array: any DeviceArray
    /// Where the arena begins in `array` of which the tensor is a part.
    var arena = 0
  }

  /// What the next step starts from beside the weights that evaluation sees.
  ///
  /// `optimizer.w1.m` is a state of the bottom rule, and `training.w1` the weight of now, where its own name
  /// holds the average. After the first step of a tower there are also the derivatives of w1 by the bottom
  /// rule's hyperparameters, without their factors, `tower.0.derivative.w1.alpha`; or what they are computed
  /// from: `tower.0.previous.gradient.w1`, `tower.0.previous.state.w1.m`, `tower.0.previous.weight.w1`.
  func namedTensors(stepCount: Int) -> [NamedTensor] {
    let rule = layout.levels[0].rule
    let size = layout.parameters.size
    // Arrays change places every step.
    let (now, before) = (stepCount % states.count, (stepCount + 1) % states.count)
    return parameters.enumerated().flatMap { number, parameter in
      func states(_ beginning: String, in array: any DeviceArray) -> [NamedTensor] {
        rule.states.enumerated().map { state, own in
          NamedTensor(
            name: "\(beginning).\(parameter.name).\(own.name)", parameter: number, array: array,
            arena: state * size)
        }
      }
      var tensors = states("optimizer", in: self.states[now])
      func add(_ beginning: String, _ array: any DeviceArray) {
        tensors.append(
          NamedTensor(name: "\(beginning).\(parameter.name)", parameter: number, array: array))
      }
      if average != nil { add("training", arena) }
      guard stepCount > 0, layout.height > 0 else { return tensors }
      if let derivatives {
        tensors += rule.hyperparameters.enumerated().map { h, hyperparameter in
          NamedTensor(
            name: "tower.0.derivative.\(parameter.name).\(hyperparameter.rawName)",
            parameter: number, array: derivatives, arena: h * size)
        }
      } else {
        add("tower.0.previous.gradient", gradients[before])
        tensors += states("tower.0.previous.state", in: self.states[before])
        if let previousWeights { add("tower.0.previous.weight", previousWeights) }
      }
      return tensors
    }
  }
}
