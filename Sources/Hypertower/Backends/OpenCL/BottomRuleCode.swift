internal import Kernels

/// Writes the sections that apply the bottom rule and its derivatives to every parameter.
enum BottomRuleCode {
  /// The sums of the hypergradients, and of squares where their bounds are wanted.
  static func section(
    _ projection: GradientProjection, _ profile: DeviceProfile
  ) -> KernelSection {
    let layout = projection.layout
    let split = layout.bottom
    var body = layout.firstRuleSum > 0 ? derivatives(projection) : ""
    func add(_ product: String, to sum: Int) {
      body += "    sums[\(sum)] += keep_first(\(product), count, 0.0f);\n"
    }
    let hasDerivatives = layout.firstRuleSum > 0
    var factors = hasDerivatives ? split.jacobianFactors.map { factor($0, split) } : []
    if hasDerivatives {
      for h in split.jacobian.indices { add("d\(h) * g", to: h) }
    }
    if layout.sumsSquares {
      add("g * g", to: layout.gradientSquares)
      for h in split.jacobian.indices { add("d\(h) * d\(h)", to: layout.jacobianSquares(h)) }
      factors += ["1.0f"] + factors.map { "\($0) * \($0)" }
    }
    var hoisted = ""
    if let sums = split.sums {
      // In the first step and where nothing tunes, there are no other sums.
      body = hasDerivatives ? "    if (has_derivatives) {\n\(body)    }\n" : ""
      hoisted = ruleSumUniforms(sums, layout, tensor: projection.tensor)
      body += ruleSumStatements(sums, size: layout.parameters.size)
      for (number, node) in sums.outputs.enumerated() {
        add("m\(node)", to: layout.firstRuleSum + number)
        factors.append("1.0f")
      }
    }
    // Where there is none, other memory stands in: nothing is read of it.
    let unused = UpdateInputs(
      gradient: projection.gradient, states: projection.gradient, parameters: nil)
    let previous = projection.previous ?? projection.current ?? unused
    let current = projection.current ?? previous
    let derivatives = projection.derivatives ?? projection.gradient
    let entry = projection.entry
    let lanes = profile.lanes(for: entry.rowLength)
    let rows = Swift.max(minimalElements / entry.rowLength, profile.groupSize / lanes)
    let uniforms =
      layout.uniforms
      + (layout.levels[0].isPerTensor ? projection.tensor * split.uniformNodes.count : 0)
    return KernelSection(
      label: "hypergradients of \(entry.count) weights",
      source: defining(
        [
          ("SUMS", layout.sumCount), ("ROWS", layout.parameters.rowCount),
          ("LIMITS_STEPS", layout.stepLimit != nil ? 1 : 0),
          ("HAS_RULE_SUMS", split.sums != nil ? 1 : 0),
          ("LATER_STEPS", layout.height > 0 ? 1 : 0),
          ("NEW_GRADIENT_OFFSET", projection.gradient.offset),
          ("GRADIENT_OFFSET", previous.gradient.offset),
          ("STATES_OFFSET", previous.states.offset),
          ("PARAMETERS_OFFSET", previous.parameters?.offset ?? 0),
          ("CURRENT_STATES_OFFSET", current.states.offset),
          ("CURRENT_PARAMETERS_OFFSET", current.parameters?.offset ?? 0),
          ("DERIVATIVES_OFFSET", derivatives.offset),
          ("VALUES_OFFSET", projection.values.offset),
          ("PARTIAL_SUMS_OFFSET", projection.partialSums.offset),
        ],
        String(cString: kernels_gradient_projection())
          .replacing("    JACOBIAN\n", with: body).replacing("  HOISTED\n", with: hoisted)
          .replacing("{FACTORS}", with: "{\(factors.joined(separator: ", "))}")),
      parameters: [
        .init("global const real *restrict gradient_buffer", .buffer(projection.gradient.buffer)),
        .init(
          "global const real *restrict previous_gradient_buffer",
          .buffer(previous.gradient.buffer)),
        .init(
          "global const real *restrict previous_states_buffer", .buffer(previous.states.buffer)),
        .init(
          "global const real *restrict previous_parameters_buffer",
          .buffer(previous.parameters?.buffer ?? previous.gradient.buffer)),
        .init("global const real *restrict current_states_buffer", .buffer(current.states.buffer)),
        .init(
          "global const real *restrict current_parameters_buffer",
          .buffer(current.parameters?.buffer ?? current.gradient.buffer)),
        .init("global const real *restrict derivatives_buffer", .buffer(derivatives.buffer)),
        .init("global const real *restrict values", .buffer(projection.values.buffer)),
        .init("global const int *restrict counters", .buffer(projection.counters.buffer)),
        .init("global real *restrict partial_sums", .buffer(projection.partialSums.buffer)),
        .init("int uniforms_at", .number(Int32(projection.values.offset + uniforms))),
        .init("int first_sum", .constant(entry.firstRow)),
        .init("int first", .constant(entry.offset)),
        .init("int tensor_count", .constant(entry.count)),
        .init("int row_length", .constant(entry.rowLength)),
      ],
      units: entry.rowCount, unitsPerGroup: Swift.min(rows, Swift.max(1, entry.rowCount)),
      unitsPerBlock: profile.blockRows(for: Swift.max(1, entry.rowCount)), lanes: lanes,
      localMemory: LoopNestCode.foldMemory(profile))
  }

  /// The derivatives by the hyperparameters at one `vec` of elements from `i` on, `d0` and so forth.
  private static func derivatives(_ projection: GradientProjection) -> String {
    let split = projection.layout.bottom
    let size = projection.layout.parameters.size
    func computed() -> String {
      statements(split, outputs: split.jacobian, size: size)
        + split.jacobian.enumerated().map { "    d\($0) = n\($1);\n" }.joined()
    }
    let stored = split.jacobian.indices.map {
      "    d\($0) = LOAD(derivatives + \($0 * size) + i);\n"
    }.joined()
    let assignment =
      switch (projection.derivatives, projection.layout.stepLimit) {
      case (nil, _): computed()
      case (_, nil): stored
      case (_, _): "    if (is_limited) {\n\(computed())    } else {\n\(stored)    }\n"
      }
    return split.jacobian.indices.map { "    vec d\($0);\n" }.joined() + assignment
  }

  /// The uniform parts of what the rule sums, one number each.
  private static func ruleSumUniforms(
    _ sums: SumOperands, _ layout: TowerLayout, tensor: Int
  ) -> String {
    let bottom = layout.levels[0]
    let set = bottom.isPerTensor ? tensor : 0
    return ScalarCode.statements(
      sums.uniformGraph, outputs: sums.uniformNodes, type: "real", prefix: "q", indent: "  ",
      tanh: "tanh_precise_real"
    ) { input in
      switch sums.inputs[input] {
      case .step: "(real)(counters[0] + 1)"
      case .plannedSteps: "tower[\(layout.plannedStepsOffset!)]"
      case .hyperparameter(let h):
        "tower[\(bottom.hyperparameters + set * bottom.rule.hyperparameters.count + h)]"
      case .sharedState(let number):
        "tower[\(layout.sharedStates + set * bottom.rule.sharedStates.count + number)]"
      case let other: fatalError("BottomRuleCode: \(other) is not uniform")
      }
    }
  }

  /// What the rule sums, at one `vec` of elements from `i` on.
  private static func ruleSumStatements(_ sums: SumOperands, size: Int) -> String {
    ScalarCode.statements(
      sums.graph, outputs: sums.outputs, type: "vec", prefix: "m", indent: "    "
    ) { input in
      switch sums.inputs[input] {
      case .parameter: "LOAD(own_parameters + i)"
      case .gradient: "g"
      case .state(let number): "LOAD(own_states + \(number * size) + i)"
      case .uniform(let number): "(vec)(q\(sums.uniformNodes[number]))"
      case let other: fatalError("BottomRuleCode: \(other) is not given for each parameter")
      }
    }
  }

  /// The number of elements that are worth a work-group.
  private static let minimalElements = 1024

  /// The step of the parameters.
  static func section(_ update: ParameterUpdate, _ profile: DeviceProfile) -> KernelSection {
    let layout = update.layout
    let split = layout.bottom
    let size = layout.parameters.size
    let outputs =
      [split.newParameter] + split.nextStates + (split.newAverage.map { [$0] } ?? [])
      + (update.derivatives == nil ? [] : split.jacobian)
    var body = statements(split, outputs: outputs, size: size)
    if update.average != nil, let node = split.newAverage {
      body += "    store(n\(node), average + i, count);\n"
    }
    if update.derivatives != nil {
      for (h, node) in split.jacobian.enumerated() {
        body += "    store(n\(node), derivatives + \(h * size) + i, count);\n"
      }
    }
    if update.previousParameters != nil {
      body += "    store(LOAD(parameters + i), previous_parameters + i, count);\n"
    }
    body += "    store(n\(split.newParameter), parameters + i, count);\n"
    for (state, node) in split.nextStates.enumerated() {
      body += "    store(n\(node), next_states + \(state * size) + i, count);\n"
    }
    return KernelSection(
      label: "update of \(size) weights",
      source: defining(
        [
          ("PARAMETERS_OFFSET", update.parameters.offset),
          ("GRADIENT_OFFSET", update.gradient.offset), ("STATES_OFFSET", update.states.offset),
          ("NEXT_STATES_OFFSET", update.nextStates.offset),
          ("DERIVATIVES_OFFSET", update.derivatives?.offset ?? 0),
          ("AVERAGE_OFFSET", update.average?.offset ?? 0),
          ("PREVIOUS_PARAMETERS_OFFSET", update.previousParameters?.offset ?? 0),
        ] + uniformDefinitions(layout),
        String(cString: kernels_parameter_update()).replacing("    UPDATE\n", with: body)),
      parameters: [
        .init("global const int *restrict blocks", .table(blockTable(layout.parameters))),
        .init("global real *restrict parameters_buffer", .buffer(update.parameters.buffer)),
        .init("global const real *restrict gradient_buffer", .buffer(update.gradient.buffer)),
        .init("global const real *states_buffer", .buffer(update.states.buffer)),
        .init("global real *next_states_buffer", .buffer(update.nextStates.buffer)),
        .init(
          "global real *average_buffer", .buffer(update.average?.buffer ?? update.nextStates.buffer)
        ),
        .init(
          "global real *derivatives_buffer",
          .buffer(update.derivatives?.buffer ?? update.nextStates.buffer)),
        .init(
          "global real *previous_parameters_buffer",
          .buffer(update.previousParameters?.buffer ?? update.nextStates.buffer)),
        .init("global const real *restrict values", .buffer(update.values.buffer)),
        .init("global const int *restrict counters", .buffer(update.counters.buffer)),
        .init("int uniforms_at", .number(Int32(update.values.offset + layout.uniforms))),
      ],
      units: layout.parameters.blocks.count, unitsPerGroup: 1, lanes: profile.groupSize)
  }

  /// The per-parameter part of the rule, on one `vec` of elements from `i` on.
  private static func statements(_ split: SplitRule, outputs: [Int], size: Int) -> String {
    ScalarCode.statements(
      split.graph, outputs: outputs, type: "vec", prefix: "n", indent: "    "
    ) { input in
      switch split.inputs[input] {
      case .parameter: "LOAD(parameters + i)"
      case .gradient: "LOAD(gradient + i)"
      case .average: "LOAD(average + i)"
      case .uniform(let number): "(vec)(uniforms[\(number)])"
      case .state(let number): "LOAD(states + \(number * size) + i)"
      case .step, .plannedSteps, .hyperparameter, .sharedState, .sum, .gradientBound,
        .runGradient, .runGradientBound, .axisState, .field:
        fatalError("BottomRuleCode: \(split.inputs[input]) is not given for each parameter")
      }
    }
  }

  /// The uniform factor of a derivative.
  private static func factor(_ node: Int, _ split: SplitRule) -> String {
    switch split.graph.nodes[node] {
    case .constant(let value): return ScalarCode.literal(value)
    case .input(let input):
      if case .uniform(let number) = split.inputs[input] { return "uniforms[\(number)]" }
    case .unary, .binary, .select: break
    }
    fatalError("BottomRuleCode: the factor of a derivative is not uniform")
  }

  private static func uniformDefinitions(_ layout: TowerLayout) -> [(String, Int)] {
    [
      ("UNIFORM_COUNT", layout.bottom.uniformNodes.count),
      ("IS_PER_TENSOR_UPDATE", layout.levels[0].isPerTensor ? 1 : 0),
    ]
  }

  private static func blockTable(_ layout: ParameterLayout) -> [Int32] {
    layout.blocks.flatMap { [Int32($0.tensor), Int32($0.offset), Int32($0.count)] }
  }
}
