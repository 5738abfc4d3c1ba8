/// The names under which checkpoints hold a tower's numbers.
extension TowerLayout {
  /// A number by its name in a checkpoint, and its place among the values.
  struct NamedNumber {
    let name: String
    let offset: Int
  }

  /// What each level starts its next step from: hyperparameters as they are stored, states above the
  /// bottom level, shared states, and between the bottom and the top the derivatives of the last step.
  ///
  /// `tower.1.hyperparameter.log_eps`, `tower.1.state.alpha.m`, `tower.0.shared.d`,
  /// `tower.1.derivative.alpha.beta1`; where each tensor has its own, `tower.0.hyperparameter.w1.alpha`.
  var namedNumbers: [NamedNumber] {
    levels.enumerated().flatMap { k, level in
      let rule = level.rule
      let own = names(of: rule.hyperparameters.map(\.rawName), in: level)
      var numbers = own.enumerated().map {
        NamedNumber(name: "tower.\(k).hyperparameter.\($1)", offset: level.hyperparameters + $0)
      }
      let count = rule.sharedStates.count
      for (number, name) in names(of: rule.sharedStates.map(\.name), in: level).enumerated() {
        let offset =
          k == 0
          ? sharedStates + number
          : level.sharedStates + number % count * level.sets + number / count
        numbers.append(NamedNumber(name: "tower.\(k).shared.\(name)", offset: offset))
      }
      if k == 0 { return numbers }
      for (i, tensor) in level.tensorNames.enumerated() {
        for (number, state) in rule.states.enumerated() {
          numbers.append(
            NamedNumber(
              name: "tower.\(k).state.\(tensor).\(state.name)",
              offset: level.states + number * level.width + i))
        }
        guard let jacobian = level.jacobian else { continue }
        for (h, hyperparameter) in rule.hyperparameters.enumerated() {
          numbers.append(
            NamedNumber(
              name: "tower.\(k).derivative.\(tensor).\(hyperparameter.rawName)",
              offset: jacobian + h * level.width + i))
        }
      }
      return numbers
    }
  }

  /// What a stored derivative of the weights is multiplied by.
  struct NamedFactor {
    let name: String
    let value: Value

    enum Value {
      case constant(Double)
      /// A place among the values.
      case offset(Int)
    }
  }

  /// The factors of the bottom rule's stored derivatives: `tower.0.factor.alpha`, or for each tensor
  /// `tower.0.factor.w1.alpha`.
  var namedFactors: [NamedFactor] {
    let rule = levels[0].rule
    let count = rule.hyperparameters.count
    return names(of: rule.hyperparameters.map(\.rawName), in: levels[0]).enumerated().map {
      number, name in
      let value: NamedFactor.Value
      switch bottom.graph.nodes[bottom.jacobianFactors[number % count]] {
      case .constant(let constant): value = .constant(constant)
      case .input(let input):
        guard case .uniform(let uniform) = bottom.inputs[input] else { fallthrough }
        value = .offset(uniforms + number / count * bottom.uniformNodes.count + uniform)
      case .unary, .binary, .select:
        fatalError("TowerLayout: the factor of a derivative is not uniform")
      }
      return NamedFactor(name: "tower.0.factor.\(name)", value: value)
    }
  }

  /// A level's own names or, where each tensor has its own, `tensor.name`.
  private func names(of own: [String], in level: Level) -> [String] {
    level.isPerTensor ? level.tensorNames.flatMap { tensor in own.map { "\(tensor).\($0)" } } : own
  }
}
