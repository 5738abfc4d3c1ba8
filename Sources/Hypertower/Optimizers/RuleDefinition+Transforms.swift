extension RuleDefinition {
  /// The rule with transforms around it, in the order in which they act.
  ///
  /// - Throws: `InputError` if they do not go together.
  func transformed(before: [Transform], after: [Transform]) throws -> RuleDefinition {
    let names = before.map(\.name) + [name] + after.map(\.name)
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw InputError(.usage, "'\(twice)' is given twice")
    }
    let rule = try rule()
    if rule.tunes != .all {
      throw InputError(
        .usage, "\(name): tunes step sizes by gradients as they are; no transform goes around it")
    }
    let others = after + before.filter { $0.name == Transform.accumulate.name }
    if rule.evaluated != nil, let other = others.first {
      throw InputError(
        .usage,
        "\(name): says itself which weights are tested, so \(other.name) cannot go around it")
    }
    if rule.estimatesStepSize, let other = after.first {
      throw InputError(
        .usage,
        "\(name): estimates its step size from where its steps have led, so \(other.name) cannot change these"
      )
    }
    if let other = (before + after).first(where: { argumentNames.contains($0.name) }) {
      throw InputError(
        .usage,
        "\(name): has a \(other.name) of its own, as in \(name)(\(other.name)=0.01), so the transform cannot "
          + "go around it")
    }
    if before.count(where: \.sums) > 1 {
      throw InputError(
        .usage,
        "\(name): its gradients are clipped by two norms; a level takes clip_norm or clip_global_norm"
      )
    }
    if !rule.sums.isEmpty, before.contains(where: \.sums) {
      throw InputError(
        .usage, "\(name): sums gradients itself, so they cannot be clipped by a norm before it")
    }
    let eachTensor = before.contains { $0.name == Transform.clipNorm.name }
    return RuleDefinition(
      name: names.joined(separator: " | "),
      granularity: eachTensor ? .perTensor : granularity, tunable: tunable, formula: formula,
      transforms: (before, after), base: name)
  }
}

extension Transform {
  /// Whether it asks for sums.
  fileprivate var sums: Bool {
    [Transform.clipNorm, .clipGlobalNorm].contains { $0.name == name }
  }
}

extension UpdateRule {
  /// The rule with one more transform, before the others of its kind or after them.
  func transformed(
    _ transform: Transform, _ arguments: [String: Double]
  ) throws -> UpdateRule {
    let (before, after) = definition.transforms
    let bare = RuleDefinition(
      definition.base, granularity: baseGranularity, tunable: definition.tunable,
      formula: definition.formula)
    let whole = try bare.transformed(
      before: transform.isBeforeRule ? [transform] + before : before,
      after: transform.isBeforeRule ? after : after + [transform])
    let own = (hyperparameters + constants).map {
      ($0.name, HyperparameterSchedule($0.value, $0.curve))
    }
    let values = tensorValues.merging(arguments) { $1 }.mapValues { HyperparameterSchedule($0) }
    return try whole.rule(
      scheduled: Dictionary(uniqueKeysWithValues: own).merging(values) { $1 })
  }

  private var baseGranularity: Granularity {
    definition.transforms.before.contains { $0.name == Transform.clipNorm.name }
      ? .shared : definition.granularity
  }
}
