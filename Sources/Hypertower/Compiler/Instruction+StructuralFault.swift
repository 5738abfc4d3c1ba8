/// What does not fit inside an instruction, for `ProgramValidator`.
extension Instruction {
  /// The first fault of shapes, nodes and stages; nil if there is none.
  var structuralFault: String? {
    switch self {
    case .loopNest(let nest): nest.structuralFault
    case .matrixProduct(let product): product.structuralFault
    case .scatterAdd(let scatter): scatter.structuralFault
    case .attention(let attention): attention.structuralFault
    case .attentionGradient(let gradient): gradient.structuralFault
    case .gatherBatch(let gather): gather.structuralFault
    case .loop(let loop): loop.structuralFault
    case .increment, .projectGradient, .walkTower, .updateParameters, .allReduce: nil
    }
  }
}

extension Loop {
  fileprivate var structuralFault: String? {
    if count < 1 { return "has \(count) passes" }
    for instruction in body {
      switch instruction {
      case .loopNest, .matrixProduct, .scatterAdd, .attention, .attentionGradient: continue
      case .gatherBatch, .increment, .projectGradient, .walkTower, .updateParameters, .loop,
        .allReduce:
        return "holds an instruction of kind \(instruction.kind)"
      }
    }
    return nil
  }
}

extension ScalarGraph {
  /// A node whose operands are none before it, or whose input is none of `inputs`.
  fileprivate func fault(inputs: Int) -> String? {
    for (index, node) in nodes.enumerated() {
      if case .input(let input) = node, !(0..<inputs).contains(input) {
        return "node \(index) is input \(input) of \(inputs)"
      }
      if let operand = node.operands.first(where: { !(0..<index).contains($0) }) {
        return "node \(index) has the operand \(operand)"
      }
    }
    return nil
  }
}

extension MatrixProduct {
  fileprivate var structuralFault: String? {
    if [matrices, rows, columns, inner].contains(where: { $0 < 0 }) {
      return "has \(matrices) matrices, [\(rows), \(inner)] · [\(inner), \(columns)]"
    }
    if let fault = epilogue.fault(inputs: loads.count + 1) { return "its epilogue's \(fault)" }
    for (number, load) in loads.enumerated() where load.rows.shape.elementCount != allRows {
      return "input \(number + 1) has rows of \(load.rows.shape), the results have \(allRows)"
    }
    if let view = left.view {
      let own = [view.matrices, view.rows, view.terms].map(\.shape.elementCount)
      if left.isTransposed || own != [matrices, rows, inner] {
        return "has a left view of \(own), of \([matrices, rows, inner])"
      }
    }
    if right.view != nil { return "has a view for its right operand" }
    return outputs.first { !epilogue.nodes.indices.contains($0.node) }
      .map { "writes node \($0.node) of \(epilogue.nodes.count)" }
  }
}

extension ScatterAdd {
  fileprivate var structuralFault: String? {
    [matrices, rows, width, count].contains { $0 < 0 }
      ? "adds \(matrices) × [\(count), \(width)] up to [\(rows), \(width)]" : nil
  }
}

extension BatchGather {
  fileprivate var structuralFault: String? {
    if batchSize < 1 || batchSize > sampleCount {
      return "takes \(batchSize) of \(sampleCount) samples"
    }
    let start = (batchesPerEpoch - 1) * stride
    // The last batch of an epoch is another program's where it is smaller; and where batches overlap, whoever counts
    // them sees to it that none goes beyond the samples.
    let isOutside =
      stride < batchSize ? start >= sampleCount : start + batchSize - stride > sampleCount
    return batchesPerEpoch < 1 || isOutside
      ? "has \(batchesPerEpoch) batches of \(batchSize) at distances of \(stride) in \(sampleCount) samples"
      : nil
  }
}

extension LoopNest {
  fileprivate var structuralFault: String? {
    let rank = keptShape.count + reducedShape.count
    if keptShape.isEmpty { return "has no kept dimension" }
    if let fault = graph.fault(inputs: inputs.count) { return fault }
    for (number, input) in inputs.enumerated() {
      if let other = input.coefficients.first(where: { $0.count != rank }) {
        return "input \(number) has \(other.count) strides for \(rank) dimensions"
      }
      switch input {
      case .coordinate(let dimension) where !(0..<rank).contains(dimension):
        return "input \(number) is the index along dimension \(dimension) of \(rank)"
      case .reduction(let reduction) where !reductions.indices.contains(reduction):
        return "input \(number) is reduction \(reduction) of \(reductions.count)"
      case .boundedLoad(let load):
        if let fault = fault(of: load) { return "input \(number) \(fault)" }
      case .indirectLoad(let load) where load.rows < 0:
        return "input \(number) reads a table of \(load.rows) rows"
      case .load, .indirectLoad, .random, .inside, .coordinate, .reduction: break
      }
    }
    return stageFault
  }

  /// The first stage at which a node's reductions are all there.
  private var stages: [Int] {
    var stages = [Int](repeating: 0, count: graph.nodes.count)
    for (index, node) in graph.nodes.enumerated() {
      if case .input(let input) = node, case .reduction(let number) = inputs[input] {
        stages[index] = reductions[number].stage + 1
      }
      for operand in node.operands { stages[index] = Swift.max(stages[index], stages[operand]) }
    }
    return stages
  }

  private var stageFault: String? {
    let stages = stages
    for (number, reduction) in reductions.enumerated() {
      guard stages.indices.contains(reduction.value) else {
        return "reduction \(number) is of node \(reduction.value) of \(stages.count)"
      }
      if reducedShape.isEmpty { return "reduction \(number) has no dimension" }
      if stages[reduction.value] > reduction.stage {
        return
          "reduction \(number) of stage \(reduction.stage) needs stage \(stages[reduction.value])"
      }
    }
    for (number, output) in outputs.enumerated() {
      guard stages.indices.contains(output.node) else {
        return "output \(number) is node \(output.node) of \(stages.count)"
      }
      if output.isFull, stages[output.node] > output.stage {
        return "output \(number) of stage \(output.stage) needs stage \(stages[output.node])"
      }
    }
    return nil
  }

  /// The greatest number of indices that are looked at one by one.
  private static let mostIndices = 1 << 14

  /// What a bounded load reads beyond its tensor although its bounds hold.
  private func fault(of load: BoundedLoad) -> String? {
    let shape = keptShape + reducedShape
    guard !shape.contains(0) else { return nil }
    let uncertain = load.axes.indices.filter { number in
      let axis = load.axes[number]
      return !load.bounds.contains(IndexBound(index: axis.index, extent: axis.extent))
        && !axis.index.isAlwaysWithin(axis.extent, in: shape)
    }
    guard !uncertain.isEmpty, shape.elementCount <= Self.mostIndices else { return nil }
    var index = [Int](repeating: 0, count: shape.count)
    for number in 0..<shape.elementCount {
      var rest = number
      for axis in shape.indices.reversed() {
        index[axis] = rest % shape[axis]
        rest /= shape[axis]
      }
      func holds(_ expression: IndexExpression, _ extent: Int) -> Bool {
        let numerator = expression.numerator(at: index)
        return numerator >= 0 && numerator < extent * expression.divisor
          && numerator.isMultiple(of: expression.divisor)
      }
      guard load.bounds.allSatisfy({ holds($0.index, $0.extent) }) else { continue }
      for axis in uncertain where !holds(load.axes[axis].index, load.axes[axis].extent) {
        return "reads beyond axis \(axis) of \(load.axes[axis].extent) at \(index)"
      }
    }
    return nil
  }
}
