extension Tower {
  /// The number of the group that each of a model's parameters belongs to: the first whose selector takes it.
  ///
  /// - Throws: `InputError` for a parameter that no group takes, and a group that takes none.
  func groupNumbers(of parameters: [ModelParameter]) throws -> [Int] {
    let numbers = parameters.map { parameter in
      groups.firstIndex { $0.selector.map { $0.selects(parameter) } ?? true }
    }
    for (number, group) in groups.enumerated() where !numbers.contains(number) {
      if let selector = group.selector { throw Self.emptyGroup(selector, of: parameters) }
    }
    let left = zip(parameters, numbers).filter { $0.1 == nil }.map(\.0)
    guard left.isEmpty else {
      throw InputError(
        .usage,
        "tower: no group has \(Self.list(left)); end with one for the rest, such as "
          + "'\(ParameterSelector.otherName): sgd(0.01)' or '\(ParameterSelector.otherName): frozen'"
      )
    }
    return numbers.compactMap { $0 }
  }

  private static func emptyGroup(
    _ selector: ParameterSelector, of parameters: [ModelParameter]
  ) -> InputError {
    let own = parameters.filter(selector.selects)
    if selector.description == ParameterSelector.otherName {
      return InputError(
        .usage,
        "tower: the other groups have all parameters of the model: \(list(own)); leave out the group "
          + "'\(selector)'")
    }
    guard own.isEmpty else {
      return InputError(
        .usage,
        "tower: the group '\(selector)' has no parameters: earlier groups have \(list(own)); the first "
          + "that takes a parameter has it, so write narrow groups first")
    }
    let names = (ParameterKind.allCases.map(\.rawValue) + parameters.map(\.name)).filter {
      $0 != selector.description
    }
    let suggestion = nearMiss(of: selector.description, among: names).map {
      "; did you mean '\($0)'?"
    }
    return InputError(
      .usage,
      "tower: the group '\(selector)' has no parameters\(suggestion ?? ";") the model has "
        + list(parameters))
  }

  /// Parameters with their kinds, for messages.
  private static func list(_ parameters: [ModelParameter]) -> String {
    let most = 20
    let names = parameters.prefix(most).map { "\($0.name) (\($0.kind.rawValue))" }
    let rest = parameters.count - most
    return names.joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
  }
}
