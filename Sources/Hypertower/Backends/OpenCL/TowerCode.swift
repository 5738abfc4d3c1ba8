internal import Kernels
internal import OpenCL

/// Writes the kernel that walks the levels above the bottom one.
enum TowerCode {
  static func plan(_ walk: TowerWalk, _ profile: DeviceProfile) -> KernelPlan {
    let layout = walk.layout
    var source = ""
    for (number, rule) in layout.rules.enumerated() {
      source += ruleFunction(number, rule)
    }
    source += adjustMacro(layout) + uniformsFunction(layout)
    source += defining(
      [
        ("LEVEL_FIELDS", 9), ("VALUES_OFFSET", walk.values.offset),
        ("PARTIAL_SUMS_OFFSET", walk.partialSums.offset), ("LOSS_OFFSET", walk.loss.offset),
        ("RECORDS_OFFSET", walk.records.offset), ("BLOCKS", layout.parameters.blocks.count),
        ("MAX_HYPERPARAMETERS", layout.rules.map(\.hyperparameters.count).max()! + 1),
        ("MAX_STATES", layout.rules.map(\.states.count).max()! + 1),
        ("UNIFORM_COUNT", layout.bottom.uniformNodes.count),
      ], String(cString: kernels_tower_walk()))
    source += "#undef ADJUST\n"
    let bottom = layout.levels[0]
    return KernelPlan(
      source: source,
      arguments: [
        .buffer(walk.values.buffer), .buffer(walk.counters.buffer),
        .buffer(walk.partialSums.buffer), .buffer(walk.loss.buffer), .buffer(walk.records.buffer),
        .table(levelTable(layout)), .table(tensorTable(layout.parameters)),
        .number(Int32(layout.height)), .number(Int32(layout.hyperparameterCount)),
        .number(Int32(bottom.isPerTensor ? bottom.width : 1)),
        .number(Int32(layout.uniforms)), .number(Int32(walk.recordCapacity)),
      ],
      size: LaunchSize(global: [profile.towerLanes], local: [profile.towerLanes]))
  }

  private static func levelTable(_ layout: TowerLayout) -> [Int32] {
    layout.levels.flatMap { level in
      [
        level.ruleNumber, level.width, level.hyperparameters, level.states, level.jacobian ?? -1,
        level.gradients, level.rule.hyperparameters.count, level.rule.states.count,
        level.isPerTensor ? 1 : 0,
      ].map(Int32.init)
    }
  }

  private static func tensorTable(_ layout: ParameterLayout) -> [Int32] {
    layout.entries.indices.flatMap { tensor in
      let own = layout.blocks.indices.filter { layout.blocks[$0].tensor == tensor }
      return [Int32(own.first ?? 0), Int32(own.count)]
    }
  }

  /// The formula of a rule with its derivatives, on single numbers.
  private static func ruleFunction(_ number: Int, _ rule: UpdateRule) -> String {
    let outputs = [rule.newParameter] + rule.states.map(\.next) + rule.jacobian
    var body = ScalarCode.statements(
      rule.graph, outputs: outputs, type: "real", prefix: "n", indent: "  ",
      tanh: "tanh_precise", input: ruleInput)
    body += "  *new_p = n\(rule.newParameter);\n"
    for (state, own) in rule.states.enumerated() { body += "  s[\(state)] = n\(own.next);\n" }
    for (h, node) in rule.jacobian.enumerated() { body += "  jacobian[\(h)] = n\(node);\n" }
    return """
      static void rule_\(number)(real p, real g, real t, const real *h, real *s, real *new_p,
                                 real *jacobian) {
      \(body)}

      """
  }

  static func ruleInput(_ input: Int) -> String {
    switch input {
    case UpdateRule.Input.parameter: "p"
    case UpdateRule.Input.gradient: "g"
    case UpdateRule.Input.step: "t"
    default: (input - 3) % 2 == 0 ? "h[\((input - 3) / 2)]" : "s[\((input - 4) / 2)]"
    }
  }

  private static func adjustMacro(_ layout: TowerLayout) -> String {
    let cases = layout.rules.indices.map {
      "case \($0): rule_\($0)(p, g, t, h, s, new_p, jacobian); break;"
    }
    return "#define ADJUST(rule, p, g, t, h, s, new_p, jacobian) switch (rule) { "
      + cases.joined(separator: " ") + " }\n"
  }

  private static func uniformsFunction(_ layout: TowerLayout) -> String {
    let split = layout.bottom
    var body = ScalarCode.statements(
      split.rule.graph, outputs: split.uniformNodes, type: "real", prefix: "n", indent: "  ",
      tanh: "tanh_precise", input: ruleInput)
    for (number, node) in split.uniformNodes.enumerated() {
      body += "  uniforms[\(number)] = n\(node);\n"
    }
    return "static void UNIFORMS(real t, const real *h, global real *uniforms) {\n\(body)}\n"
  }
}
