internal import Kernels

/// Writes the section that walks the levels above the bottom one.
enum TowerCode {
  static func section(_ walk: TowerWalk, _ profile: DeviceProfile) -> KernelSection {
    let layout = walk.layout
    let isLocal =
      profile.groupSize > 1
      && layout.size + layout.levels.count * levelFields <= greatestLocalTower
    var source = ""
    for (number, rule) in layout.rules.enumerated() where rule.canBeAbove {
      source += ruleFunction(number, rule)
    }
    let space = isLocal ? "local" : "global"
    source += adjustMacro(layout) + uniformsFunction(layout, space: space)
    if let limit = layout.stepLimit { source += limitFunction(limit, layout, space: space) }
    source += defining(
      [
        ("IN_LOCAL_MEMORY", isLocal ? 1 : 0), ("FOLD_MEMORY", LoopNestCode.foldMemory(profile)),
        ("LEVEL_FIELDS", levelFields),
        ("VALUES_OFFSET", walk.values.offset),
        ("PARTIAL_SUMS_OFFSET", walk.partialSums.offset), ("LOSS_OFFSET", walk.loss.offset),
        ("RECORDS_OFFSET", walk.records.offset), ("ROWS", layout.parameters.rowCount),
        ("MAX_HYPERPARAMETERS", layout.rules.map(\.hyperparameters.count).max()! + 1),
        ("MAX_STATES", layout.rules.map(\.states.count).max()! + 1),
        ("UNIFORM_COUNT", layout.bottom.uniformNodes.count),
        ("SHARED_STATES", layout.bottom.nextSharedStates.count),
        ("FIRST_RULE_SUM", layout.firstRuleSum),
        ("HAS_RULE_SUMS", layout.bottom.sums != nil ? 1 : 0),
        ("SUM_COUNT", layout.sumCount), ("HAS_OWN_SUMS", layout.hasOwnSums ? 1 : 0),
        ("SUMS_SQUARES", layout.sumsSquares ? 1 : 0),
        ("HAS_BOUNDS", layout.levels.contains { $0.bounds != nil } ? 1 : 0),
        ("LIMITS_STEPS", layout.stepLimit != nil ? 1 : 0),
      ], String(cString: kernels_tower_walk()))
    source += "#undef ADJUST\n"
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
      ],
      units: 1, unitsPerGroup: 1, lanes: profile.groupSize,
      localMemory: LoopNestCode.foldMemory(profile) + (isLocal ? greatestLocalTower : 0))
  }

  /// The numbers that a row of the level table has.
  static let levelFields = 10
  /// The numbers, with those of the level table, of a tower that a work-group keeps in local memory: a
  /// hundred levels of Adam.
  static let greatestLocalTower = 4096

  private static func levelTable(_ layout: TowerLayout) -> [Int32] {
    layout.levels.flatMap { level in
      [
        level.ruleNumber, level.width, level.hyperparameters, level.states, level.jacobian ?? -1,
        level.gradients, level.rule.hyperparameters.count, level.rule.states.count,
        level.isPerTensor ? 1 : 0, level.bounds ?? -1,
      ].map(Int32.init)
    }
  }

  private static func tensorTable(_ layout: ParameterLayout) -> [Int32] {
    layout.entries.flatMap { [Int32($0.firstRow), Int32($0.rowCount)] }
  }

  /// The formula of a rule with its derivatives, on one `vec` of parameters.
  ///
  /// What depends on hyperparameters alone is computed once for all of them, unless each has its own.
  private static func ruleFunction(_ number: Int, _ rule: UpdateRule) -> String {
    let body: String
    switch rule.granularity {
    case .perTensor: body = wholeRule(rule)
    case .shared: body = splitRule(SplitRule(rule))
    }
    return """
      static void rule_\(number)(vec p, vec g, vec bound, real t, real planned_steps, const vec *h,
                                 vec *s, vec *new_p, vec *jacobian) {
      \(body)}

      """
  }

  private static func wholeRule(_ rule: UpdateRule) -> String {
    let outputs = [rule.newParameter] + rule.states.map(\.next) + rule.jacobian
    var body = ScalarCode.statements(
      rule.graph, outputs: outputs, type: "vec", prefix: "n", indent: "  ",
      tanh: "tanh_precise_vec"
    ) { input in
      let text = ruleInput(rule.inputs[input])
      return isScalar(rule.inputs[input]) ? "(vec)(\(text))" : text
    }
    body += "  *new_p = n\(rule.newParameter);\n"
    for (state, own) in rule.states.enumerated() { body += "  s[\(state)] = n\(own.next);\n" }
    for (h, node) in rule.jacobian.enumerated() { body += "  jacobian[\(h)] = n\(node);\n" }
    return body
  }

  private static func splitRule(_ split: SplitRule) -> String {
    var body = ScalarCode.statements(
      split.uniformGraph, outputs: split.uniformNodes, type: "real", prefix: "u", indent: "  ",
      tanh: "tanh_precise_real"
    ) { input in
      let text = ruleInput(split.inputs[input])
      return isScalar(split.inputs[input]) ? text : "FIRST_LANE(\(text))"
    }
    let outputs =
      [split.newParameter] + split.nextStates + split.jacobian + split.jacobianFactors
    body += ScalarCode.statements(
      split.graph, outputs: outputs, type: "vec", prefix: "n", indent: "  "
    ) { input in
      if case .uniform(let number) = split.inputs[input] {
        "(vec)(u\(split.uniformNodes[number]))"
      } else {
        ruleInput(split.inputs[input])
      }
    }
    body += "  *new_p = n\(split.newParameter);\n"
    for (state, node) in split.nextStates.enumerated() { body += "  s[\(state)] = n\(node);\n" }
    for (h, node) in split.jacobian.enumerated() {
      body += "  jacobian[\(h)] = n\(split.jacobianFactors[h]) * n\(node);\n"
    }
    return body
  }

  /// Whether a function of a rule is given one number for all lanes.
  private static func isScalar(_ input: UpdateRule.Input) -> Bool {
    input == .step || input == .plannedSteps
  }

  private static func ruleInput(_ input: UpdateRule.Input) -> String {
    switch input {
    case .parameter: "p"
    case .gradient: "g"
    case .gradientBound: "bound"
    case .step: "t"
    case .plannedSteps: "planned_steps"
    case .hyperparameter(let h): "h[\(h)]"
    case .state(let state): "s[\(state)]"
    case .sharedState(let number): "shared[\(number)]"
    case .sum(let sum): "sums[\(sum)]"
    case .uniform, .average: fatalError("TowerCode: \(input) is the bottom rule's")
    }
  }

  private static func adjustMacro(_ layout: TowerLayout) -> String {
    let cases = layout.rules.indices.filter { layout.rules[$0].canBeAbove }.map {
      "case \($0): rule_\($0)(p, g, bound, t, planned_steps, h, s, new_p, jacobian); break;"
    }
    return
      "#define ADJUST(rule, p, g, bound, t, planned_steps, h, s, new_p, jacobian) switch (rule) { "
      + cases.joined(separator: " ") + " }\n"
  }

  /// - Parameter space: the kind of memory that holds the tower's numbers.
  private static func uniformsFunction(_ layout: TowerLayout, space: String) -> String {
    let split = layout.bottom
    var body = ScalarCode.statements(
      split.uniformGraph, outputs: split.uniformNodes + split.nextSharedStates, type: "real",
      prefix: "n", indent: "  ",
      tanh: "tanh_precise_real"
    ) { ruleInput(split.inputs[$0]) }
    for (number, node) in split.uniformNodes.enumerated() {
      body += "  uniforms[\(number)] = n\(node);\n"
    }
    for (number, node) in split.nextSharedStates.enumerated() {
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
