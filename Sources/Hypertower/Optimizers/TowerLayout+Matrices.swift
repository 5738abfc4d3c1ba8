/// What a bottom rule asks of the tensors that it moves.
extension TowerLayout {
  /// The number of states of rows and columns, gaps included.
  var axisStateCount: Int { axisStates.last?.last?.upperBound ?? 0 }

  /// Places the states of rows and columns one after another, each where vectors are aligned.
  static func placeAxisStates(
    of rule: UpdateRule, _ parameters: ParameterLayout
  ) -> [[Range<Int>]] {
    var size = 0
    return parameters.entries.map { entry in
      rule.axisStates.map { own in
        let start =
          (size + ParameterLayout.alignment - 1) / ParameterLayout.alignment
          * ParameterLayout.alignment
        size = start + entry.matrix.count(along: own.axis)
        return start..<size
      }
    }
  }

  /// Checks that the bottom rule can move the tensors that it has.
  ///
  /// - Throws: `InputError` for a tensor that is no matrix where the rule asks for matrices, and where the first step
  ///   is limited although its derivatives are not there yet or it moves nothing.
  static func checkMatrices(
    of rule: UpdateRule, _ parameters: ParameterLayout, hasStepLimit: Bool
  ) throws {
    let others = parameters.entries.filter { $0.matrix.rank < 2 }.map(\.name)
    if rule.needsMatrices, !others.isEmpty {
      let list =
        others.prefix(5).joined(separator: ", ")
        + (others.count > 5 ? " and \(others.count - 5) more" : "")
      throw InputError(
        .usage,
        "\(rule.name): moves tensors of two axes or more, and \(list) "
          + (others.count == 1 ? "has" : "have")
          + " fewer; give the rest another rule, as in 'weights: \(rule.name)(); else: adamw()'")
    }
    if hasStepLimit,
      let own = rule.definition.transforms.before.first(where: {
        $0.name == Transform.accumulate.name
      })
    {
      throw InputError(
        .usage,
        "\(rule.name): \(own.name) lets the first batch move nothing, so there is no step to limit; leave out "
          + "\(own.name) or --first-step (firstStep: in Swift)")
    }
    if rule.usesFields, hasStepLimit {
      throw InputError(
        .usage,
        "\(rule.name): the first step cannot be limited, as its length is known only once it is made; leave "
          + "out --first-step (firstStep: in Swift)")
    }
  }

  /// The states of rows and columns before the first step, for each tensor.
  func initialAxisStates() -> [[Double]] {
    levels[0].rule.initialAxisStates(tensors: levels[0].tensorNames, plannedSteps: plannedSteps)
  }
}
