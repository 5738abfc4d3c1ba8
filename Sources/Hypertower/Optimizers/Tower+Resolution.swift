extension Tower {
  /// The levels as they are in this tower: what a level tunes decides which hyperparameters the level
  /// below has and whether each tensor has its own, and how those are stored decides how the level
  /// moves them.
  ///
  /// - Throws: `InputError` for levels that do not go together, or a value that the level above cannot
  ///   tune.
  func resolvedLevels() throws -> [UpdateRule] {
    var resolved: [UpdateRule] = []
    for (k, rule) in levels.enumerated() {
      let above = k + 1 < levels.count ? levels[k + 1] : nil
      let own = try rule.inTower(above: resolved.last, below: above)
      if let value = own.valueThatCannotBeTuned(by: above) {
        throw InputError(.usage, value.reason)
      }
      resolved.append(own)
    }
    return resolved
  }
}

extension UpdateRule {
  /// Why it moves weights alone and no hyperparameters, if that is so.
  var reasonToBeBottom: String? {
    if evaluated != nil { return "says itself which weights are tested" }
    return needsMatrices ? "moves matrices, and hyperparameters are numbers" : nil
  }

  /// The rule above `lower`, whose hyperparameters it tunes, and below `upper`, which tunes its own.
  func inTower(above lower: UpdateRule?, below upper: UpdateRule?) throws -> UpdateRule {
    if lower == nil, usesGradientBound || usesRunGradient || tunes != .all {
      throw InputError(
        .usage,
        "\(name): tunes step sizes, so it needs a level below, as in adam() / \(name)()")
    }
    if lower != nil, let reasonToBeBottom {
      throw InputError(
        .usage, "\(name): \(reasonToBeBottom), so it can only be the bottom level")
    }
    var (tunable, granularity, horizon) = (definition.tunable, granularity, Horizon.step)
    if case .learningRates(let perTensor, let upperHorizon) = upper?.tunes {
      tunable = .learningRates
      horizon = upperHorizon
      if perTensor { granularity = .perTensor }
      guard hyperparameters.contains(where: \.isLearningRate) else {
        throw InputError(
          .usage, "\(upper!.name): tunes step sizes, and \(name) below it marks none")
      }
    }
    var domain = HyperparameterDomain.real
    if let lower, dependsOnParameterDomain {
      domain = lower.hyperparameters.first?.domain ?? .real
      if let other = lower.hyperparameters.first(where: { $0.domain != domain }) {
        throw InputError(
          .usage,
          "\(name): moves what is stored in one way; \(lower.hyperparameters[0].name) and "
            + "\(other.name) of \(lower.name) are stored in two")
      }
    }
    let isAsItIs =
      tunable == self.tunable && granularity == self.granularity && domain == parameterDomain
      && horizon == self.horizon && (!usesMatrices || movesNumbers == (lower != nil))
    if isAsItIs { return self }
    let own = (hyperparameters + constants).map {
      ($0.name, HyperparameterSchedule($0.value, $0.curve))
    }
    return try definition.rule(
      Dictionary(uniqueKeysWithValues: own).merging(tensorValues.mapValues { .init($0) }) { $1 },
      granularity: granularity, tunable: tunable, parameterDomain: domain, horizon: horizon,
      movesNumbers: lower != nil)
  }
}
