internal import Kernels

/// Writes the section that walks the levels above the bottom one.
enum TowerCode {
  static func section(_ walk: TowerWalk, _ profile: DeviceProfile) -> KernelSection {
    let layout = walk.layout
    let isLocal =
      profile.groupSize > 1
      && layout.size + layout.levels.count * levelFields <= greatestLocalTower
    // Of several towers in a launch, each has functions of its own.
    var source = ""
    let upperRules = Set(layout.levels.dropFirst().map(\.ruleNumber)).sorted()
    for number in upperRules {
      source += LevelRuleCode.functions("\(walk.number)_\(number)", layout.rules[number])
    }
    let space = isLocal ? "local" : "global"
    source += LevelRuleCode.switches(layout.rules, upperRules, prefix: "\(walk.number)_")
    source += uniformsFunction(
      layout, space: space, keepsSharedStates: walk.preparesLimit)
    func greatest(_ count: (UpdateRule) -> Int) -> Int {
      upperRules.map { count(layout.rules[$0]) }.max() ?? 0
    }
    if let limit = layout.stepLimit, !walk.preparesLimit {
      source += limitFunction(limit, layout, space: space)
    }
    source += defining(
      [
        ("IN_LOCAL_MEMORY", isLocal ? 1 : 0), ("FOLD_MEMORY", LoopNestCode.foldMemory(profile)),
        ("LEVEL_FIELDS", levelFields),
        ("VALUES_OFFSET", walk.values.offset),
        ("PARTIAL_SUMS_OFFSET", walk.partialSums.offset), ("LOSS_OFFSET", walk.loss.offset),
        ("RECORDS_OFFSET", walk.records.offset), ("ROWS", layout.parameters.rowCount),
        ("MAX_HYPERPARAMETERS", layout.rules.map(\.hyperparameters.count).max()! + 1),
        ("MAX_STATES", greatest(\.states.count) + 1),
        ("MAX_SHARED_STATES", Swift.max(1, greatest(\.sharedStates.count))),
        ("MAX_RULE_SUMS", Swift.max(1, greatest(\.sums.count))),
        ("HAS_SHARED_STATES", greatest(\.sharedStates.count) > 0 ? 1 : 0),
        ("HAS_LEVEL_SUMS", greatest(\.sums.count) > 0 ? 1 : 0),
        ("UNIFORM_COUNT", layout.bottom.uniformNodes.count),
        ("SHARED_STATES", layout.bottom.nextSharedStates.count),
        ("FIRST_RULE_SUM", layout.firstRuleSum),
        ("HAS_RULE_SUMS", layout.bottom.sums != nil ? 1 : 0),
        ("SUM_COUNT", layout.sumCount), ("HAS_OWN_SUMS", layout.hasOwnSums ? 1 : 0),
        ("SUMS_SQUARES", layout.sumsSquares ? 1 : 0),
        ("HAS_BOUNDS", layout.levels.contains { $0.bounds != nil } ? 1 : 0),
        ("HAS_RUN_GRADIENTS", layout.levels.contains { $0.runGradients != nil } ? 1 : 0),
        ("LIMITS_STEPS", layout.stepLimit != nil ? 1 : 0),
        ("PREPARES_LIMIT", walk.preparesLimit ? 1 : 0),
        ("TELLS_IF_LIVE", layout.live != nil ? 1 : 0), ("LIVE_AT", layout.live ?? 0),
      ], String(cString: kernels_tower_walk()))
    source += LevelRuleCode.end
    return KernelSection(
      label: "tower of \(layout.levels.count) levels", source: source,
      parameters: [
        .init("global real *restrict values_buffer", .buffer(walk.values.buffer)),
        .init("global int *restrict counters", .buffer(walk.counters.buffer)),
        .init(
          "global const real *restrict partial_sums_buffer", .buffer(walk.partialSums.buffer)),
        .init("global const real *restrict loss", .buffer(walk.loss.buffer)),
        .init("global real *restrict records", .buffer(walk.records.buffer)),
        .init("global const int *restrict level_table", .table(levelTable(layout))),
        .init("global const int *restrict tensors", .table(tensorTable(layout.parameters))),
        .init("int height", .number(Int32(layout.height))),
        .init("int value_count", .number(Int32(layout.size))),
        .init("int hyperparameter_count", .number(Int32(layout.hyperparameterCount))),
        .init("int uniform_sets", .number(Int32(layout.sumSets))),
        .init("int uniforms_at", .number(Int32(layout.uniforms))),
        .init("int sums_at", .number(Int32(layout.sums))),
        .init("int shared_states_at", .number(Int32(layout.sharedStates))),
        .init("int planned_steps_at", .number(Int32(layout.plannedStepsOffset ?? -1))),
        .init("int record_capacity", .number(Int32(walk.recordCapacity))),
        .init("int record_size", .number(Int32(walk.recordSize))),
        .init("int record_at", .number(Int32(walk.recordOffset))),
        .init("int is_last", .number(walk.isLast ? 1 : 0)),
      ],
      units: 1, unitsPerGroup: 1, lanes: profile.groupSize,
      localMemory: LoopNestCode.foldMemory(profile) + (isLocal ? greatestLocalTower : 0))
  }

  /// The numbers that a row of the level table has.
  static let levelFields = 14
  /// The numbers, with those of the level table, of a tower that a work-group keeps in local memory: a
  /// hundred levels of Adam.
  static let greatestLocalTower = 4096

  private static func levelTable(_ layout: TowerLayout) -> [Int32] {
    layout.levels.flatMap { level in
      [
        level.ruleNumber, level.width, level.hyperparameters, level.states, level.jacobian ?? -1,
        level.gradients, level.rule.hyperparameters.count, level.rule.states.count,
        level.isPerTensor ? 1 : 0, level.bounds ?? -1, level.rule.sharedStates.count,
        level.rule.sums.count, level.runGradients ?? -1, level.rule.firstRunSum ?? -1,
      ].map(Int32.init)
    }
  }

  private static func tensorTable(_ layout: ParameterLayout) -> [Int32] {
    layout.entries.flatMap { [Int32($0.firstRow), Int32($0.rowCount)] }
  }

  /// - Parameters:
  ///   - space: the kind of memory that holds the tower's numbers.
  ///   - keepsSharedStates: whether shared states stay as they are.
  private static func uniformsFunction(
    _ layout: TowerLayout, space: String, keepsSharedStates: Bool
  ) -> String {
    let split = layout.bottom
    let nextSharedStates = keepsSharedStates ? [] : split.nextSharedStates
    var body = ScalarCode.statements(
      split.uniformGraph, outputs: split.uniformNodes + nextSharedStates, type: "real",
      prefix: "n", indent: "  ",
      tanh: "tanh_precise_real"
    ) { input in
      switch split.inputs[input] {
      case .step: "t"
      case .plannedSteps: "planned_steps"
      case .hyperparameter(let h): "h[\(h)]"
      case .sharedState(let number): "shared[\(number)]"
      case .sum(let sum): "sums[\(sum)]"
      case let other: fatalError("TowerCode: \(other) is not uniform")
      }
    }
    for (number, node) in split.uniformNodes.enumerated() {
      body += "  uniforms[\(number)] = n\(node);\n"
    }
    for (number, node) in nextSharedStates.enumerated() {
      body += "  shared[\(number)] = n\(node);\n"
    }
    return "static void UNIFORMS(real t, real planned_steps, const real *h, "
      + "\(space) const real *sums, \(space) real *shared, \(space) real *uniforms) {\n\(body)}\n"
  }

  /// The function that lowers the bottom rule's step sizes as `StepLimit` says, in units of the greatest
  /// one, so that none is too great for it.
  private static func limitFunction(
    _ limit: StepLimit, _ layout: TowerLayout, space: String
  ) -> String {
    func statements(_ outputs: [Int], prefix: String, input: String) -> String {
      ScalarCode.statements(
        limit.graph, outputs: outputs, type: "real", prefix: prefix, indent: "      ",
        tanh: "tanh_precise_real"
      ) { _ in input }
    }
    func forEachRate(_ body: (StepLimit.LearningRate, String, String) -> String) -> String {
      let blocks = limit.learningRates.map { rate in
        "    {\n"
          + body(
            rate,
            "own[set * \(layout.levels[0].rule.hyperparameters.count) + \(rate.hyperparameter)]",
            "sums[set * \(layout.sumCount) + \(rate.hyperparameter)]") + "    }\n"
      }
      return "  for (int set = 0; set < sets; ++set) {\n\(blocks.joined())  }\n"
    }
    return """
      static void LIMIT(int sets, real loss, \(space) real *own, \(space) const real *sums) {
        real greatest = 0;
      \(forEachRate { rate, place, _ in
        statements([rate.natural], prefix: "n", input: place)
          + "      greatest = fmax(greatest, fabs(n\(rate.natural)));\n"
      })
        if (!(greatest > 0)) return;
        real promise = 0;
      \(forEachRate { rate, place, sum in
        statements([rate.natural, rate.slope], prefix: "n", input: place)
          + "      if (n\(rate.natural) != 0)\n        promise -= n\(rate.natural) / greatest * "
          + "(\(sum) / n\(rate.slope));\n"
      })
        const real most = \(ScalarCode.literal(limit.share)) * fabs(loss) / promise;
        if (!(promise > 0 && greatest > most)) return;
      \(forEachRate { rate, place, _ in
        statements([rate.natural], prefix: "n", input: place)
          + "      const real value = copysign(\n        fmax(fabs(n\(rate.natural) / greatest * most), FLT_MIN), n\(rate.natural));\n"
          + statements([rate.raw], prefix: "r", input: "value")
          + "      if (n\(rate.natural) != 0) \(place) = r\(rate.raw);\n"
      })}

      """
  }
}
