/// The memory that instructions touch, counted again for `ProgramValidator`.
extension Instruction {
  /// The instruction's kind, in a word.
  var kind: String {
    switch self {
    case .loopNest: "loop nest"
    case .matrixProduct: "matrix product"
    case .scatterAdd: "scatter"
    case .attention: "attention"
    case .attentionGradient: "gradient of attention"
    case .gatherBatch: "batch"
    case .increment: "increment"
    case .projectGradient: "projection"
    case .walkTower: "tower"
    case .updateParameters: "update"
    case .loop: "loop"
    case .allReduce: "sum over shards"
    }
  }

  var touched: [TouchedMemory] {
    switch self {
    case .loopNest(let nest): nest.touched
    case .matrixProduct(let product): product.touched
    case .scatterAdd(let scatter): scatter.touched
    case .attention(let attention): attention.touched(writes: true)
    case .attentionGradient(let gradient): gradient.touched
    case .gatherBatch(let gather): gather.touched
    case .increment(let counter):
      [TouchedMemory("the counter", counter, count: 1, isWrite: true, type: .int32)]
    case .projectGradient(let projection): projection.touched
    case .walkTower(let walk): walk.touched
    case .updateParameters(let update): update.touched
    case .loop(let loop): loop.body.flatMap(\.touched)
    case .allReduce(let reduction):
      [
        TouchedMemory("the values", reduction.values, count: reduction.count),
        TouchedMemory("the sum", reduction.sum, count: reduction.count, isWrite: true),
      ]
    }
  }
}

/// Where the elements of a view of `shape` lie, from the first: the lowest, and how many up to the highest.
private func extent(_ shape: Shape, _ strides: [Int]) -> (start: Int, count: Int) {
  guard !shape.contains(0) else { return (0, 0) }
  let ends = zip(shape, strides).map { ($0 - 1) * $1 }
  let start = ends.reduce(0) { $0 + Swift.min(0, $1) }
  let last = ends.reduce(0) { $0 + Swift.max(0, $1) }
  return (start, last - start + 1)
}

/// The distances of neighbours in contiguous memory.
private func contiguousStrides(_ shape: Shape) -> [Int] {
  var strides = [Int](repeating: 1, count: shape.count)
  for axis in shape.indices.dropLast().reversed() {
    strides[axis] = strides[axis + 1] * shape[axis + 1]
  }
  return strides
}

extension LoopNest {
  fileprivate var touched: [TouchedMemory] {
    let shape = keptShape + reducedShape
    let contiguous = contiguousStrides(shape)
    let ofKept = contiguousStrides(keptShape) + reducedShape.map { _ in 0 }
    /// Whether the strides are these wherever an axis has several elements.
    func agree(_ strides: [Int], _ others: [Int]) -> Bool {
      shape.indices.allSatisfy { shape[$0] == 1 || strides[$0] == others[$0] }
    }
    let loads = inputs.enumerated().flatMap { number, input -> [TouchedMemory] in
      func read(_ span: Span, _ strides: [Int]) -> TouchedMemory {
        let (start, count) = extent(shape, strides)
        return TouchedMemory(
          "input \(number)", span, from: start, count: count,
          isElementwise: agree(strides, contiguous) || agree(strides, ofKept))
      }
      switch input {
      case .load(let span, let strides): return [read(span, strides)]
      case .boundedLoad(let load):
        let (start, count) = extent(load.axes.map(\.extent), load.axes.map(\.stride))
        return [
          TouchedMemory(
            "input \(number)", load.span, from: start, count: shape.contains(0) ? 0 : count)
        ]
      case .indirectLoad(let load):
        let (start, count) = extent(shape + [load.rows], load.strides + [load.rowStride])
        return [
          TouchedMemory("the table of input \(number)", load.table, from: start, count: count),
          read(load.number, load.numberStrides),
        ]
      case .random(let random):
        return [
          TouchedMemory(
            "input \(number)", random.counters, count: TowerLayout.Counter.count, type: .int32)
        ]
      case .inside, .coordinate, .reduction: return []
      }
    }
    return loads
      + outputs.enumerated().map { number, output in
        TouchedMemory(
          "output \(number)", output.span,
          count: keptShape.elementCount * (output.isFull ? reducedShape.elementCount : 1),
          isWrite: true, isElementwise: true)
      }
  }
}

extension MatrixProduct {
  fileprivate var touched: [TouchedMemory] {
    let (leftStart, leftCount) =
      left.view.map {
        extent(
          $0.matrices.shape + $0.rows.shape + $0.terms.shape,
          $0.matrices.strides + $0.rows.strides + $0.terms.strides)
      } ?? (0, allRows * inner)
    return [
      TouchedMemory("the left operand", left.span, from: leftStart, count: leftCount),
      TouchedMemory("the right operand", right.span, count: matrices * inner * columns),
    ]
      + loads.enumerated().map { number, load in
        let (start, count) = extent(
          load.rows.shape + [columns], load.rows.strides + [load.columnStride])
        let isElementwise =
          load.columnStride == 1 && load.rows.strides == (allRows == 1 ? [] : [columns])
        return TouchedMemory(
          "input \(number + 1)", load.span, from: start, count: allRows == 0 ? 0 : count,
          isElementwise: isElementwise)
      }
      + outputs.enumerated().map { number, output in
        TouchedMemory(
          "output \(number)", output.span, count: allRows * columns, isWrite: true,
          isElementwise: true)
      }
  }
}

extension ScatterAdd {
  fileprivate var touched: [TouchedMemory] {
    [
      TouchedMemory("values", values, count: matrices * count * width),
      TouchedMemory("indices", indices, count: matrices * count),
      TouchedMemory("sums", result, count: matrices * rows * width, isWrite: true),
    ]
  }
}

extension BatchGather {
  fileprivate var touched: [TouchedMemory] {
    [
      TouchedMemory(
        "the counter", counter, count: counterCount, type: .int32)
    ]
      + sources.flatMap { source in
        [
          TouchedMemory(
            "samples", source.from, count: source.reach(sampleCount), type: source.type),
          TouchedMemory("a batch", source.to, count: batchSize * source.width, isWrite: true),
        ]
      }
  }
}

extension GradientProjection {
  fileprivate var touched: [TouchedMemory] {
    let (entry, size) = (entry, layout.parameters.size)
    func rows(_ what: String, _ span: Span?, _ number: Int = 0) -> [TouchedMemory] {
      span.map {
        [
          TouchedMemory(
            "\(what) of \(entry.name)", $0, from: number * size + entry.offset, count: entry.count)
        ]
      } ?? []
    }
    let inputs = [previous, current].compactMap { $0 }.flatMap { inputs in
      rows("gradients", inputs.gradient) + rows("parameters", inputs.parameters)
        + layout.bottom.rule.states.indices.flatMap { rows("states", inputs.states, $0) }
    }
    return rows("the gradient", gradient) + inputs
      + layout.bottom.jacobian.indices.flatMap { rows("derivatives", derivatives, $0) }
      + [
        TouchedMemory("the tower", values, count: layout.size),
        TouchedMemory(
          "the counters", counters, count: TowerLayout.Counter.count, type: .int32),
      ]
      + (0..<layout.sumCount).map { sum in
        TouchedMemory(
          "sums of \(entry.name)", partialSums,
          from: sum * layout.parameters.rowCount + entry.firstRow, count: entry.rowCount,
          isWrite: true)
      }
  }
}

extension TowerWalk {
  fileprivate var touched: [TouchedMemory] {
    [
      TouchedMemory("the tower", values, count: layout.size, isWrite: true),
      TouchedMemory(
        "the counters", counters, count: TowerLayout.Counter.count, isWrite: true, type: .int32),
      TouchedMemory("sums", partialSums, count: layout.partialSumCount),
      TouchedMemory("the loss", loss, count: 1),
      TouchedMemory(
        "records", records, count: recordCapacity * recordSize, isWrite: true),
    ]
  }
}

extension ParameterUpdate {
  fileprivate var touched: [TouchedMemory] {
    let size = layout.parameters.size
    let stateSize = size * layout.bottom.rule.states.count
    func written(_ what: String, _ span: Span?, count: Int) -> [TouchedMemory] {
      span.map { [TouchedMemory(what, $0, count: count, isWrite: true)] } ?? []
    }
    return [
      TouchedMemory("the gradient", gradient, count: size),
      // Element by element, in place or not.
      TouchedMemory("states", states, count: stateSize, isElementwise: true),
      TouchedMemory(
        "new states", nextStates, count: stateSize, isWrite: true, isElementwise: true),
      TouchedMemory("the tower", values, count: layout.size),
      TouchedMemory("the counters", counters, count: TowerLayout.Counter.count, type: .int32),
    ] + written("parameters", parameters, count: size)
      + written("the average", average, count: size)
      + written("the parameters before", previousParameters, count: size)
      + written("derivatives", derivatives, count: size * layout.bottom.jacobian.count)
  }
}
