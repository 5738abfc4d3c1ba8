/// Where the numbers of a tower lie: the hyperparameters of every level, and for the levels above
/// the bottom one their states, derivatives and gradients, all in one array.
///
/// Level k ≥ 1 tunes the raw hyperparameters of level k − 1, which are its tensors, of one element
/// each.
package struct TowerLayout: Sendable {
  package struct Level: Sendable {
    package let rule: UpdateRule
    /// Which of `TowerLayout.rules` this level's is.
    package let ruleNumber: Int
    /// How many numbers the level tunes; for the bottom level, the number of tensors.
    package let width: Int
    /// The names of what the level tunes.
    package let tensorNames: [String]
    /// The offset of its raw hyperparameters, `[1 or width, hyperparameters of the rule]`.
    package let hyperparameters: Int
    package let hyperparameterNames: [String]
    /// The offset of its states, `[states of the rule, width]`; only above the bottom level.
    package let states: Int
    /// The offset of the derivatives of the latest step, `[hyperparameters of the rule, width]`;
    /// only between the bottom and the top.
    package let jacobian: Int?
    /// The offset of the gradients of what it tunes, `[width]`; only above the bottom level.
    package let gradients: Int

    package var hyperparameterCount: Int { hyperparameterNames.count }
    package var isPerTensor: Bool { rule.granularity == .perTensor }
  }

  /// The int32 numbers that say where a run stands.
  package enum Counter {
    /// How many steps were taken.
    package static let step = 0
    /// The number of the first step in which the loss or a hyperparameter was not finite, plus 1; 0
    /// if there was none.
    package static let divergence = 1
    /// The number of the next batch, counted over epochs: where in the data set it lies follows.
    package static let batch = 2
    /// The lower and the upper half of what the order of samples is drawn from.
    package static let seed = 3
    package static let count = 5
  }

  package let parameters: ParameterLayout
  package let levels: [Level]
  /// The rules in use, each once.
  package let rules: [UpdateRule]
  /// The number of raw hyperparameters of all levels, which lie first.
  package let hyperparameterCount: Int
  /// The offset of the numbers that the bottom rule's formula shares among all parameters of a
  /// tensor: `[1 or tensors, uniform values]`.
  package let uniforms: Int
  package let bottom: SplitRule
  /// The number of values in all.
  package let size: Int

  /// The loss, then every level's raw hyperparameters after the step.
  package var recordSize: Int { 1 + hyperparameterCount }
  package var height: Int { levels.count - 1 }
  /// A sum for each of the bottom rule's hyperparameters and each row of parameters; none without
  /// levels above.
  package var partialSumCount: Int {
    height > 0 ? levels[0].rule.hyperparameters.count * parameters.rowCount : 0
  }

  /// - Throws: `InputError` for a tower that names tensors that are not there, or has a value that the
  ///   level above cannot tune.
  package init(_ tower: Tower, parameters: ParameterLayout) throws {
    self.parameters = parameters
    var names = parameters.entries.map(\.name)
    var rules: [UpdateRule] = []
    var drafts: [(rule: UpdateRule, number: Int, names: [String], offset: Int, own: [String])] = []
    var offset = 0
    for (level, rule) in tower.levels.enumerated() {
      if level + 1 < tower.levels.count, let value = rule.valueThatCannotBeTuned() {
        throw InputError(.usage, value.reason)
      }
      let number: Int
      if let known = rules.firstIndex(where: { $0.hasSameFormula(as: rule) }) {
        number = known
      } else {
        rules.append(rule)
        number = rules.count - 1
      }
      let own = try rule.hyperparameterNames(tensors: names)
      drafts.append((rule, number, names, offset, own))
      offset += own.count
      names = own
    }
    hyperparameterCount = offset
    self.rules = rules

    func take(_ count: Int) -> Int {
      defer { offset += count }
      return offset
    }
    var levels: [Level] = []
    for (k, draft) in drafts.enumerated() {
      let width = draft.names.count
      levels.append(
        Level(
          rule: draft.rule, ruleNumber: draft.number, width: width, tensorNames: draft.names,
          hyperparameters: draft.offset, hyperparameterNames: draft.own,
          states: k > 0 ? take(draft.rule.states.count * width) : 0,
          jacobian: k > 0 && k + 1 < drafts.count
            ? take(width * draft.rule.hyperparameters.count) : nil,
          gradients: k > 0 ? take(width) : 0))
    }
    self.levels = levels
    bottom = SplitRule(tower.levels[0])
    uniforms = take(
      (levels[0].isPerTensor ? levels[0].width : 1) * bottom.uniformNodes.count)
    size = offset
  }

  /// Checks that all hyperparameters are finite as they are stored, in float32 if `isSingle`.
  ///
  /// - Throws: `InputError`.
  func checkValues(fitSinglePrecision isSingle: Bool) throws {
    for level in levels {
      try level.rule.checkValues(fitSinglePrecision: isSingle, tensors: level.tensorNames)
    }
  }

  /// The values before the first step.
  package func initialValues() -> [Double] {
    var values = [Double](repeating: 0, count: size)
    for (k, level) in levels.enumerated() {
      let raw = level.rule.rawValues(tensors: level.tensorNames)
      values.replaceSubrange(
        level.hyperparameters..<level.hyperparameters + raw.count, with: raw)
      guard k > 0 else { continue }
      let initial = level.rule.initialStates(tensors: level.tensorNames)
      for state in level.rule.states.indices {
        for i in 0..<level.width {
          values[level.states + state * level.width + i] = initial[i][state]
        }
      }
    }
    return values
  }

  /// The tower with raw hyperparameters in place of its own, `[hyperparameterCount]`.
  package func tower(rawValues: [Double]) -> Tower {
    Tower(
      levels.map { level in
        level.rule.withRawValues(
          Array(
            rawValues[level.hyperparameters..<level.hyperparameters + level.hyperparameterCount]),
          tensors: level.tensorNames)
      })
  }
}
