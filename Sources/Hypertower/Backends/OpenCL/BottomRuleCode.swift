internal import Kernels

/// Writes the sections that apply the bottom rule and its derivatives to every parameter.
enum BottomRuleCode {
  /// The sums of the hypergradients.
  static func section(
    _ projection: GradientProjection, _ profile: DeviceProfile
  ) -> KernelSection {
    let layout = projection.layout
    let split = layout.bottom
    var body = statements(split, outputs: split.jacobian, size: layout.parameters.size)
    for (h, node) in split.jacobian.enumerated() {
      body += "    sums[\(h)] += keep_first(n\(node) * g, count, 0.0f);\n"
    }
    let factors = split.jacobianFactors.map { node in
      switch split.graph.nodes[node] {
      case .constant(let value): ScalarCode.literal(value)
      case .input(let input): "uniforms[\(input - split.firstUniformInput)]"
      case .unary, .binary, .select:
        fatalError("BottomRuleCode: the factor of a derivative is not uniform")
      }
    }
    let previous = projection.previous
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
          ("HYPERPARAMETERS", split.jacobian.count), ("ROWS", layout.parameters.rowCount),
          ("NEW_GRADIENT_OFFSET", projection.gradient.offset),
          ("GRADIENT_OFFSET", previous.gradient.offset),
          ("STATES_OFFSET", previous.states.offset),
          ("PARAMETERS_OFFSET", previous.parameters?.offset ?? 0),
          ("PARTIAL_SUMS_OFFSET", projection.partialSums.offset),
        ],
        String(cString: kernels_gradient_projection())
          .replacing("    JACOBIAN\n", with: body)
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

  /// The number of elements that are worth a work-group.
  private static let minimalElements = 1024

  /// The step of the parameters.
  static func section(_ update: ParameterUpdate, _ profile: DeviceProfile) -> KernelSection {
    let layout = update.layout
    let split = layout.bottom
    let size = layout.parameters.size
    var body = statements(split, outputs: [split.newParameter] + split.nextStates, size: size)
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
      switch input {
      case UpdateRule.Input.parameter: "LOAD(parameters + i)"
      case UpdateRule.Input.gradient: "LOAD(gradient + i)"
      case split.firstUniformInput...: "(vec)(uniforms[\(input - split.firstUniformInput)])"
      default: "LOAD(states + \((input - 4) / 2 * size) + i)"
      }
    }
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
