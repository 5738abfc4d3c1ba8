/// The loops of a nest, stage by stage.
extension LoopNestCode {
  // MARK: Columns

  mutating func writeColumns() {
    let rank = nest.keptShape.count
    line("  for (int chunk = begin + TEAM; chunk < end; chunk += TEAMS) {")
    line("    const int i\(rank - 1) = chunk % \(chunksPerRow) * WIDTH;")
    writeIndices(
      of: nest.keptShape.dropLast(), from: "chunk / \(chunksPerRow)", first: 0, indent: "    ")
    line("    const int count = \(laneExtent) - i\(rank - 1);")
    for stage in 0..<nest.stageCount { writeColumnStage(stage) }
    emit(nest.outputs.map(\.node), indent: "    ", onlyUniform: false)
    for output in nest.outputs { store(output, indent: "    ", at: keptLinear) }
    line("  }")
  }

  private mutating func writeColumnStage(_ stage: Int) {
    let reductions = nest.reductions.indices.filter { nest.reductions[$0].stage == stage }
    for reduction in reductions { declareAccumulator(reduction, indent: "    ") }
    var indent = "    "
    for (offset, extent) in nest.reducedShape.enumerated() {
      let index = "i\(nest.keptShape.count + offset)"
      line("\(indent)for (int \(index) = 0; \(index) < \(extent); ++\(index)) {")
      indent += "  "
    }
    let outer = defined
    if let condition = conditionOfTerms(reductions) {
      line("\(indent)if (!(\(condition))) continue;")
    }
    emit(reductions.map { nest.reductions[$0].value }, indent: indent, onlyUniform: false)
    for reduction in reductions { accumulate(reduction, indent: indent, masked: false) }
    defined = outer
    for _ in nest.reducedShape {
      indent.removeLast(2)
      line("\(indent)}")
    }
    for reduction in reductions {
      let name = nest.reductions[reduction].kind == .indexOfMaximum ? "index" : "fold"
      line("    const vec result\(reduction) = \(name)\(reduction);")
    }
  }

  /// What holds of the indices of now where any of these reductions has a term other than 0; nil if no term is known
  /// to be 0.
  ///
  /// Such terms are what windows send back to elements that they leave out.
  private func conditionOfTerms(_ reductions: [Int]) -> String? {
    let bounds = Set(reductions.map { self.bounds(of: nest.reductions[$0]) })
    guard bounds.count == 1, let own = bounds.first!, !own.isEmpty else { return nil }
    return BoundedAccessCode(
      bounds: own, load: nil, buffer: nil, laneDimension: laneDimension
    ).condition
  }

  /// The bounds outside of which a sum's terms are 0 in all lanes; nil if there are none.
  private func bounds(of reduction: LoopNest.Reduction) -> [IndexBound]? {
    guard reduction.kind == .sum,
      case .select(let inside, _, let other) = nest.graph.nodes[reduction.value],
      case .constant(0) = nest.graph.nodes[other],
      case .input(let number) = nest.graph.nodes[inside],
      case .inside(let bounds) = nest.inputs[number],
      bounds.allSatisfy({ $0.index.coefficients[laneDimension] == 0 })
    else { return nil }
    return bounds
  }

  // MARK: Rows

  mutating func writeRows() {
    line("  FOR_ROWS(begin, end) {")
    line("    const int row = ROW(end);")
    writeIndices(of: nest.keptShape[...], from: "row", first: 0, indent: "    ")
    for stage in 0..<nest.stageCount { writeRowStage(stage) }
    let rowOutputs = nest.outputs.filter { !$0.isFull }
    emit(rowOutputs.map(\.node), indent: "    ", onlyUniform: true)
    if !rowOutputs.isEmpty {
      line("    if (LANE == 0 && HAS_ROW(end)) {")
      for output in rowOutputs {
        let target = arguments.pointer(to: output.span, isWritten: true)
        line("      \(target)[row] = n\(output.node);")
      }
      line("    }")
    }
    line("  }")
  }

  private mutating func writeRowStage(_ stage: Int) {
    let reductions = nest.reductions.indices.filter { nest.reductions[$0].stage == stage }
    let outputs = nest.outputs.filter { $0.isFull && $0.stage == stage }
    let values = reductions.map { nest.reductions[$0].value } + outputs.map(\.node)
    emit(values, indent: "    ", onlyUniform: true)
    for reduction in reductions { declareAccumulator(reduction, indent: "    ") }

    var indent = "    "
    let first = nest.keptShape.count
    for (offset, extent) in nest.reducedShape.dropLast().enumerated() {
      let index = "i\(first + offset)"
      line("\(indent)for (int \(index) = 0; \(index) < \(extent); ++\(index)) {")
      indent += "  "
    }
    let lane = "i\(first + nest.reducedShape.count - 1)"
    line(
      "\(indent)for (int \(lane) = LANE_START; HAS_ROW(end) && \(lane) < \(laneExtent); "
        + "\(lane) += LANE_STEP) {")
    indent += "  "
    line("\(indent)const int count = \(laneExtent) - \(lane);")
    let outer = defined
    emit(values, indent: indent, onlyUniform: false)
    for reduction in reductions { accumulate(reduction, indent: indent, masked: true) }
    for output in outputs {
      store(
        output, indent: indent, at: "row * \(nest.reducedShape.elementCount) + \(reducedLinear)")
    }
    defined = outer
    for _ in nest.reducedShape {
      indent.removeLast(2)
      line("\(indent)}")
    }
    for reduction in reductions {
      let name =
        switch nest.reductions[reduction].kind {
        case .sum: "fold_sum(fold\(reduction) SCRATCH_ARGUMENTS(LANES))"
        case .maximum: "fold_maximum(fold\(reduction) SCRATCH_ARGUMENTS(LANES))"
        case .indexOfMaximum:
          "fold_index_of_maximum(fold\(reduction), index\(reduction) SCRATCH_ARGUMENTS(LANES))"
        }
      line("    const real result\(reduction) = \(name);")
    }
  }
}
