extension UpdateRule {
  /// The values outside the ranges in which they make sense, a sentence each, such as
  /// "sgd: momentum = 1.158 lies outside what makes sense, 0...1".
  ///
  /// Training may lead to such values, and goes on from them.
  public var unusualValues: [String] {
    let shared = (hyperparameters + constants).map { (name: $0.name, own: $0, value: $0.value) }
    let ofTensors = tensorValues.sorted { $0.key < $1.key }.compactMap { name, value in
      hyperparameter(of: name).map { (name: name, own: $0, value: value) }
    }
    return (shared + ofTensors).filter { !$0.own.range.contains($0.value) }.map {
      let range = $0.own.range
      let lower = shortText(range.lowerBound)
      let sense =
        range.upperBound.isFinite
        ? "\(lower)...\(shortText(range.upperBound))" : "\(lower) and above"
      return "\(name): \($0.name) = \(shortText($0.value)) lies outside what makes sense, \(sense)"
    }
  }

  /// The hyperparameter that a value of one tensor, `tensor_hyperparameter`, is one of.
  func hyperparameter(of tensorValue: String) -> Hyperparameter? {
    hyperparameters.first { tensorValue.hasSuffix("_\($0.name)") }
  }

  /// The first value that the level above cannot move, and why; nil if there is none.
  func valueThatCannotBeTuned(by upper: UpdateRule?) -> (argument: String, reason: String)? {
    guard let upper else { return nil }
    if let own = hyperparameters.first(where: { $0.curve != nil }) {
      let schedule = own.text
      return (
        own.name,
        "\(name): \(own.name) = \(schedule) cannot be a schedule, as \(upper.name) above tunes it; give "
          + "a number, or leave out the levels above"
      )
    }
    let values =
      hyperparameters.map { ($0.name, $0, $0.value) }
      + tensorValues.sorted { $0.key < $1.key }.compactMap { name, value in
        hyperparameter(of: name).map { (name, $0, value) }
      }
    if upper.tunes != .all,
      let (argument, _, _) = values.first(where: { $1.isLearningRate && $2 == 0 })
    {
      return (
        argument,
        "\(name): \(argument) = 0 cannot be tuned by \(upper.name), which multiplies it; start at a "
          + "small value such as 1e-8"
      )
    }
    guard let (argument, own, value) = values.first(where: { !$1.domain.canTune($2) }) else {
      return nil
    }
    let fixed = RuleDefinition.standard.first { $0.name == "\(name)_alpha" }
    return (
      argument,
      "\(name): \(argument) = \(shortText(value)) cannot be tuned by the level above: it is stored as "
        + "atanh(2·\(own.name) − 1), which is infinite at 0; start at a small value such as 1e-6"
        + (fixed.map { ", or take \($0.name), which tunes the step size alone" } ?? "")
    )
  }

  /// Checks that the stored values are finite in an arithmetic of that precision, and that those which
  /// are not 0 stay so.
  ///
  /// - Throws: `InputError`.
  func checkValues(fitSinglePrecision isSingle: Bool, tensors: [String]) throws {
    guard isSingle else { return }
    for (name, raw) in zip(logNames(tensors: tensors), rawValues(tensors: tensors))
    where !Float(raw).isFinite {
      throw InputError(
        .usage, "\(self.name): \(name) = \(shortText(raw)) is too large for float32")
    }
    for (name, raw) in zip(logNames(tensors: tensors), rawValues(tensors: tensors))
    where raw != 0 && Float(raw) == 0 {
      throw InputError(
        .usage,
        "\(self.name): \(name) = \(shortText(raw)) is too close to 0 for float32: give 0, or "
          + "\(Float.leastNonzeroMagnitude) or more; cpu64 has float64")
    }
  }
}

extension Tower {
  /// The values outside the ranges in which they make sense, a sentence each; see
  /// `UpdateRule.unusualValues`.
  public var unusualValues: [String] { groups.flatMap { $0.levels.flatMap(\.unusualValues) } }
}
