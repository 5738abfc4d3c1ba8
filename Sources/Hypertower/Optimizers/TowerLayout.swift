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
    /// The offset of its states, `[states of the rule, width]`, which its shared states and its sums
    /// follow; only above the bottom level.
    package let states: Int
    /// The offset of the derivatives of the latest step, `[hyperparameters of the rule, width]`;
    /// only between the bottom and the top.
    package let jacobian: Int?
    /// The offset of the gradients of what it tunes, `[width]`; only above the bottom level.
    package let gradients: Int
    /// The offset of the bounds of these gradients, `[width]`, if the rule uses them.
    package let bounds: Int?
    /// The offset of the gradients that look back on the run, `[width]`, and their bounds, `[width]`, if the
    /// rule uses them.
    package let runGradients: Int?

    package var hyperparameterCount: Int { hyperparameterNames.count }
    package var isPerTensor: Bool { rule.granularity == .perTensor }
    /// How many times the rule has its shared states and sums: for each number that has hyperparameters of
    /// its own.
    package var sets: Int { isPerTensor ? width : 1 }
    /// The offset of the shared states, `[shared states of the rule, sets]`; only above the bottom level.
    package var sharedStates: Int { states + rule.states.count * width }
    /// The offset of the rule's sums, `[sums of the rule, sets]`; only above the bottom level.
    package var sums: Int { sharedStates + rule.sharedStates.count * sets }
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
    /// Whether the next step is limited, as the first is; see `StepLimit`.
    package static let limit = 5
    package static let count = 6
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
  /// Whether a step keeps the derivatives of the parameters by the hyperparameters for the next, instead
  /// of what they can be computed from again: where that is less memory to go through.
  package let storesDerivatives: Bool
  /// What limits the first step, if anything does.
  package let stepLimit: StepLimit?
  /// The offset of the sums over parameters, `[1 or tensors, sumCount]`: the place of the bottom rule's
  /// hypergradients where nothing else is summed.
  package let sums: Int
  /// The offset of the bottom rule's shared states, `[1 or tensors, shared states]`.
  package let sharedStates: Int
  /// The offset of the number of planned steps, if a schedule follows it, and that number.
  package let plannedStepsOffset: Int?
  package let plannedSteps: Int
  /// The offset of what is 1 as long as all losses and hyperparameters were finite, else 0, as the last walk of a step
  /// has found; nil if nothing reads it.
  package let live: Int?
  /// Where the states of rows and columns lie in their array, for each tensor and each of the bottom rule's.
  let axisStates: [[Range<Int>]]
  /// The number of values in all.
  package let size: Int

  package var height: Int { levels.count - 1 }

  /// The number of hyperparameters of the bottom rule.
  private var bottomCount: Int { levels[0].rule.hyperparameters.count }
  /// Whether the level above the bottom one asks for the bounds of its gradients.
  package let sumsSquares: Bool
  /// The number of sums over parameters: for each of the bottom rule's hyperparameters h Σ ∂p/∂h · g,
  /// then, if squares are summed, Σ g² and for each h Σ (∂p/∂h)², then what the bottom rule asks for.
  package let sumCount: Int
  /// The place of the sums that the bottom rule asks for, which come last.
  package let firstRuleSum: Int
  /// The place of Σ g² among the sums.
  package var gradientSquares: Int { bottomCount }
  /// The place of Σ (∂p/∂h)² for hyperparameter `h`.
  package func jacobianSquares(_ h: Int) -> Int { bottomCount + 1 + h }
  /// How many times all sums are taken: for each tensor that has hyperparameters of its own.
  package let sumSets: Int
  /// Whether the sums are something else than the hypergradients of level 1.
  package var hasOwnSums: Bool { sumsSquares || stepLimit != nil || bottom.sums != nil }
  /// A number for each sum and each row of parameters.
  package var partialSumCount: Int { sumCount * parameters.rowCount }

  /// - Parameters:
  ///   - tower: the levels.
  ///   - parameters: what the bottom level moves.
  ///   - firstStep: the share of the loss that the first step promises at most; see `StepLimit`;
  ///     default: no limit.
  ///   - average: which average of the weights is kept; default: none.
  ///   - isEvaluatedApart: whether evaluation sees another array than the weights in any case; default: false.
  ///   - recomputesDerivatives: whether derivatives are computed again in any case; default: false.
  ///   - plannedSteps: the run's length, for schedules that follow it; default: 1.
  ///   - tellsIfLive: whether there is `live` in any case; default: only if the bottom rule reads it.
  /// - Throws: `InputError` for a tower that names tensors that are not there, has levels that do not go
  ///   together or a value that the level above cannot tune.
  package init(
    _ tower: Tower, parameters: ParameterLayout, firstStep: Double? = nil,
    average: WeightAverage? = nil, isEvaluatedApart: Bool = false,
    recomputesDerivatives: Bool = false, plannedSteps: Int? = nil, tellsIfLive: Bool = false
  ) throws {
    self.parameters = parameters
    let resolved = try tower.resolvedLevels()
    var names = parameters.entries.map(\.name)
    var rules: [UpdateRule] = []
    var drafts: [(rule: UpdateRule, number: Int, names: [String], offset: Int, own: [String])] = []
    var offset = 0
    for rule in resolved {
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
          states: k > 0 ? take(draft.rule.stateCount(width: width)) : 0,
          jacobian: k > 0 && k + 1 < drafts.count
            ? take(width * draft.rule.hyperparameters.count) : nil,
          gradients: k > 0 ? take(width) : 0,
          bounds: draft.rule.usesGradientBound ? take(width) : nil,
          runGradients: draft.rule.usesRunGradient ? take(2 * width) : nil))
    }
    self.levels = levels
    if average != nil, resolved[0].evaluated != nil {
      throw InputError(
        .usage,
        "\(resolved[0].name): says itself which weights are tested; a further average is not possible"
      )
    }
    bottom = SplitRule(
      resolved[0], average: average, isEvaluatedApart: isEvaluatedApart)
    storesDerivatives =
      levels.count > 1 && (!recomputesDerivatives || resolved[0].usesFields)
      // All states are kept twice otherwise, those of a run, too.
      && (bottom.jacobian.count < bottom.jacobianInputCount || resolved[0].horizon == .run
        || resolved[0].usesFields)
    try Self.checkMatrices(of: resolved[0], parameters, hasStepLimit: firstStep != nil)
    stepLimit = try firstStep.map { try StepLimit(share: $0, rule: resolved[0]) }
    sumsSquares = levels.count > 1 && levels[1].bounds != nil
    sumSets = levels[0].isPerTensor ? levels[0].width : 1
    let count = resolved[0].hyperparameters.count
    firstRuleSum =
      levels.count == 1 && stepLimit == nil ? 0 : sumsSquares ? 2 * count + 1 : count
    sumCount = firstRuleSum + (bottom.sums?.outputs.count ?? 0)
    let hasOwnSums = sumsSquares || stepLimit != nil || bottom.sums != nil
    sums =
      hasOwnSums ? take(sumSets * sumCount) : levels.count > 1 ? levels[1].gradients : 0
    sharedStates = take(sumSets * resolved[0].sharedStates.count)
    uniforms = take(sumSets * bottom.uniformNodes.count)
    let followsLength = rules.contains { $0.inputs.contains(.plannedSteps) }
    plannedStepsOffset = followsLength ? take(1) : nil
    self.plannedSteps = plannedSteps ?? 1
    live = tellsIfLive || resolved[0].usesFields ? take(1) : nil
    size = offset
    axisStates = Self.placeAxisStates(of: resolved[0], parameters)
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
    if let plannedStepsOffset { values[plannedStepsOffset] = Double(plannedSteps) }
    for (k, level) in levels.enumerated() {
      let raw = level.rule.rawValues(tensors: level.tensorNames)
      values.replaceSubrange(
        level.hyperparameters..<level.hyperparameters + raw.count, with: raw)
      if k > 0 { writeInitialStates(of: level, into: &values) }
    }
    let shared = levels[0].rule.initialSharedStates(
      tensors: levels[0].tensorNames, plannedSteps: plannedSteps)
    values.replaceSubrange(sharedStates..<sharedStates + shared.count, with: shared)
    // The derivatives of the first step are asked for before it is made.
    if stepLimit != nil { evaluateUniforms(step: 1, of: &values) }
    return values
  }

  /// The states before the first step, for an element of each tensor that a level tunes.
  func initialStates(of level: Level) -> [[Double]] {
    level.rule.initialStates(tensors: level.tensorNames, plannedSteps: plannedSteps)
  }

  /// The states of a level above the bottom one before the first step.
  private func writeInitialStates(of level: Level, into values: inout [Double]) {
    let initial = initialStates(of: level)
    for state in level.rule.states.indices {
      for i in 0..<level.width {
        values[level.states + state * level.width + i] = initial[i][state]
      }
    }
    let shared = level.rule.initialSharedStates(
      tensors: level.tensorNames, plannedSteps: plannedSteps)
    let count = level.rule.sharedStates.count
    for (number, value) in shared.enumerated() {
      values[level.sharedStates + number % count * level.sets + number / count] = value
    }
  }

  /// Forgets what the levels that tune step sizes know of them: their states are those before the first
  /// step again.
  func restartTuning(_ values: inout [Double]) {
    for (k, level) in levels.enumerated().dropFirst() where level.rule.tunes != .all {
      writeInitialStates(of: level, into: &values)
      restartRun(ofLevel: k - 1, &values)
    }
  }

  /// Lets the derivatives of a level that look back on the run look back on what follows alone.
  private func restartRun(ofLevel k: Int, _ values: inout [Double]) {
    let (level, states) = (levels[k], levels[k].rule.sharedStates)
    guard let own = states.firstIndex(where: { $0.name == RuleBuilder.runSteps }) else { return }
    for set in 0..<(k > 0 ? level.sets : sumSets) {
      let place =
        k > 0
        ? level.sharedStates + own * level.sets + set : sharedStates + set * states.count + own
      values[place] = 0
    }
  }

  /// The values that all parameters of a tensor share in step number `step`, from 1 on, computed from the
  /// hyperparameters of now.
  func evaluateUniforms(step: Int, of values: inout [Double]) {
    let count = bottomCount
    for set in 0..<sumSets {
      let results = bottom.uniformGraph.evaluate(bottom.uniformNodes) { input -> Double in
        switch bottom.inputs[input] {
        case .step: Double(step)
        case .plannedSteps: values[plannedStepsOffset!]
        case .hyperparameter(let h): values[levels[0].hyperparameters + set * count + h]
        case .sharedState(let number):
          values[sharedStates + set * levels[0].rule.sharedStates.count + number]
        case .sum(let sum): values[sums + set * sumCount + firstRuleSum + sum]
        case let other: fatalError("TowerLayout: \(other) is not uniform")
        }
      }
      for (number, value) in results.enumerated() {
        values[uniforms + set * bottom.uniformNodes.count + number] = value
      }
    }
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
