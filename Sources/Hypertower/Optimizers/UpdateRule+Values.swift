extension UpdateRule {
  /// Whether `other` computes the same function of its inputs, for all tensors alike or for each.
  func hasSameFormula(as other: UpdateRule) -> Bool {
    granularity == other.granularity && inputs == other.inputs && graph.nodes == other.graph.nodes
      && newParameter == other.newParameter
      && sharedStates.map(\.next) == other.sharedStates.map(\.next) && sums == other.sums
      && evaluated == other.evaluated && jacobian == other.jacobian && tunes == other.tunes
      && states.map(\.next) == other.states.map(\.next) && fields == other.fields
      && axisStates.map(\.axis) == other.axisStates.map(\.axis)
      && axisStates.map(\.state.next) == other.axisStates.map(\.state.next)
  }

  /// The names of the raw hyperparameters when the rule tunes `tensors`: its own, or for each
  /// tensor `tensor_name`.
  ///
  /// - Throws: `InputError` if the rule has a value for a tensor that is not there.
  func hyperparameterNames(tensors: [String]) throws -> [String] {
    let own = hyperparameters.map(\.rawName)
    switch granularity {
    case .shared: return own
    case .perTensor:
      let names = tensors.flatMap { tensor in hyperparameters.map { "\(tensor)_\($0.name)" } }
      if let unknown = tensorValues.keys.filter({ !names.contains($0) }).min() {
        throw InputError(
          .usage,
          "\(name): unknown argument '\(unknown)'; what it tunes has \(names.joined(separator: ", "))"
        )
      }
      return tensors.flatMap { tensor in own.map { "\(tensor)_\($0)" } }
    }
  }

  /// The names under which the values appear in logs, on their natural scale.
  func logNames(tensors: [String]) -> [String] {
    let own = hyperparameters.map(\.name)
    switch granularity {
    case .shared: return own
    case .perTensor: return tensors.flatMap { tensor in own.map { "\(tensor)_\($0)" } }
    }
  }

  /// The raw hyperparameters, in the order of `hyperparameterNames`.
  func rawValues(tensors: [String]) -> [Double] {
    switch granularity {
    case .shared: return hyperparameters.map { $0.domain.raw($0.value) }
    case .perTensor:
      return tensors.flatMap { tensor in
        hyperparameters.map {
          $0.domain.raw(tensorValues["\(tensor)_\($0.name)"] ?? $0.value)
        }
      }
    }
  }

  /// The states before the first step, for an element of each tensor.
  ///
  /// - Parameter plannedSteps: the run's length; see `HyperparameterSchedule`.
  func initialStates(tensors: [String], plannedSteps: Int? = nil) -> [[Double]] {
    initialValues(of: states, tensors: tensors, plannedSteps)
  }

  private func initialValues(
    of states: [State], tensors: [String], _ plannedSteps: Int?
  ) -> [[Double]] {
    let raw = rawValues(tensors: tensors)
    return tensors.indices.map { tensor in
      let base = granularity == .perTensor ? tensor * hyperparameters.count : 0
      return initialValues(
        of: states, hyperparameters: raw[base...].prefix(hyperparameters.count), plannedSteps)
    }
  }

  /// The states of rows and columns before the first step, for each tensor.
  ///
  /// - Parameter plannedSteps: the run's length; see `HyperparameterSchedule`.
  func initialAxisStates(tensors: [String], plannedSteps: Int? = nil) -> [[Double]] {
    initialValues(of: axisStates.map(\.state), tensors: tensors, plannedSteps)
  }

  /// How many states, shared states and sums the rule has above the bottom level, where it tunes `width`
  /// numbers.
  func stateCount(width: Int) -> Int {
    let sets = granularity == .perTensor ? width : 1
    return states.count * width + (sharedStates.count + sums.count) * sets
  }

  /// The shared states before the first step, for each set of hyperparameters.
  ///
  /// - Parameter plannedSteps: the run's length; see `HyperparameterSchedule`.
  func initialSharedStates(tensors: [String], plannedSteps: Int? = nil) -> [Double] {
    let raw = rawValues(tensors: tensors)
    let sets = granularity == .perTensor ? tensors.count : 1
    return (0..<sets).flatMap { set in
      initialValues(
        of: sharedStates,
        hyperparameters: raw[(set * hyperparameters.count)...].prefix(hyperparameters.count),
        plannedSteps)
    }
  }

  private func initialValues(
    of states: [State], hyperparameters: ArraySlice<Double>, _ plannedSteps: Int?
  ) -> [Double] {
    graph.evaluate(states.map(\.initial)) { input in
      switch inputs[input] {
      case .hyperparameter(let h): hyperparameters[hyperparameters.startIndex + h]
      case .step: 1
      case .plannedSteps: Double(plannedSteps ?? 1)
      case .parameter, .gradient, .gradientBound, .runGradient, .runGradientBound, .state,
        .sharedState, .axisState, .field, .sum, .uniform, .average:
        0
      }
    }
  }

  /// The rule with other raw hyperparameters, in the order of `hyperparameterNames`.
  ///
  /// A decay that training has brought so close to 0 that it rounds to it stays above: it can be tuned.
  func withRawValues(_ raw: [Double], tensors: [String]) -> UpdateRule {
    var result = self
    switch granularity {
    case .shared:
      result.hyperparameters = zip(hyperparameters, raw).map { own, raw in
        own.withValue(own.domain.storedNatural(raw))
      }
    case .perTensor:
      let names = logNames(tensors: tensors)
      for (index, name) in names.enumerated() {
        let own = hyperparameters[index % hyperparameters.count]
        result.tensorValues[name] = own.domain.storedNatural(raw[index])
      }
    }
    return result
  }
}

extension HyperparameterDomain {
  /// The natural value of a raw number, 0 only where it was given as 0.
  fileprivate func storedNatural(_ raw: Double) -> Double {
    let natural = natural(raw)
    return self == .unitInterval && natural == 0 && raw != Self.rawZero
      ? .leastNonzeroMagnitude : natural
  }
}

extension ScalarGraph {
  /// The values of some nodes for given inputs.
  func evaluate<Element: HostReal>(
    _ outputs: [Int], as type: Element.Type = Element.self, input: (Int) -> Element
  ) -> [Element] {
    let needed = needed(by: outputs)
    var values = [Element](repeating: 0, count: nodes.count)
    for (index, node) in nodes.enumerated() where needed[index] {
      values[index] =
        switch node {
        case .constant(let value): Element(value)
        case .input(let number): input(number)
        case .unary(let operation, let x): operation.evaluate(values[x])
        case .binary(let operation, let x, let y): operation.evaluate(values[x], values[y])
        case .select(let condition, let x, let y): values[condition] != 0 ? values[x] : values[y]
        }
    }
    return outputs.map { values[$0] }
  }
}
