/// A run of memory that an instruction reads or writes.
package struct MemoryAccess: Hashable, Sendable {
  package let buffer: Int
  package let range: Range<Int>
  package let isWrite: Bool
  /// Where the instruction can be cut into rows and row r touches, of this run, only `rowWidth`
  /// elements from `range.lowerBound + r · rowStride` on: the distance of rows; else nil.
  package let rowStride: Int?
  /// The number of elements of a row, at most `rowStride`; nil if there are no rows.
  let rowWidth: Int?
  /// How much further the run lies in each pass of a loop.
  let step: Int

  /// - Parameter rowWidth: default: all up to the next row.
  package init(
    _ span: Span, count: Int, isWrite: Bool, rowStride: Int? = nil, rowWidth: Int? = nil
  ) {
    step = span.step
    self.rowWidth = rowStride.map { rowWidth ?? $0 }
    buffer = span.buffer
    range = span.offset..<span.offset + count
    self.isWrite = isWrite
    self.rowStride = rowStride
  }

  /// What a nest of `shape` reads of the memory at `span`, by strides along its dimensions.
  init(reading span: Span, _ shape: Shape, strides: [Int]) {
    guard !shape.contains(0) else {
      self.init(span, count: 0, isWrite: false)
      return
    }
    let extents = zip(shape, strides).map { ($0 - 1) * $1 }
    // Backwards along some dimensions, what is read begins before the first element.
    let before = extents.reduce(0) { $0 + Swift.min(0, $1) }
    let forwards = extents.dropFirst().reduce(0) { $0 + $1.magnitude }
    let isCut = strides[0] > 0 && before == 0 && Int(forwards) < strides[0]
    self.init(
      span.advanced(by: before),
      count: Int(extents.reduce(1) { $0 + $1.magnitude }), isWrite: false,
      rowStride: isCut ? strides[0] : nil, rowWidth: Int(forwards) + 1)
  }

  /// The same so many passes of a loop later.
  func later(by passes: Int) -> MemoryAccess {
    MemoryAccess(
      Span(buffer: buffer, offset: range.lowerBound + passes * step, step: step),
      count: range.count, isWrite: isWrite, rowStride: rowStride, rowWidth: rowWidth)
  }

  /// What all of `count` passes of a loop touch.
  func spread(over count: Int) -> MemoryAccess {
    let reach = step * (count - 1)
    return MemoryAccess(
      Span(buffer: buffer, offset: range.lowerBound + Swift.min(0, reach)),
      count: range.count + Int(reach.magnitude), isWrite: isWrite)
  }

  /// Whether the order of the two accesses matters.
  func conflicts(with other: MemoryAccess) -> Bool {
    buffer == other.buffer && (isWrite || other.isWrite) && range.overlaps(other.range)
  }

  /// Whether in all passes of a loop the two are of different memory, or only read it, or are aligned.
  func isAligned(with other: MemoryAccess, passes count: Int) -> Bool {
    guard spread(over: count).conflicts(with: other.spread(over: count)) else { return true }
    guard step == other.step else { return false }
    // Passes further apart than both runs reach touch different memory.
    let reach = range.count + other.range.count + abs(other.range.lowerBound - range.lowerBound)
    let most = step == 0 ? 0 : Swift.min(count - 1, reach / abs(step) + 1)
    return (-most...most).allSatisfy { passes in
      let other = other.later(by: passes)
      return !conflicts(with: other) || isAligned(with: other)
    }
  }

  /// Whether row r of one touches nothing of any other row of the other.
  func isAligned(with other: MemoryAccess) -> Bool {
    guard let rowStride, let rowWidth, rowStride == other.rowStride,
      let otherWidth = other.rowWidth
    else { return false }
    let distance = other.range.lowerBound - range.lowerBound
    return distance >= 0
      ? distance + otherWidth <= rowStride : rowWidth - distance <= rowStride
  }
}

extension Instruction {
  /// The number of rows that the instruction can be cut into, each computed by itself; nil if it
  /// cannot.
  var rowCount: Int? {
    switch self {
    case .loopNest(let nest): nest.keptShape.first
    case .matrixProduct(let product): product.rowCount
    case .gatherBatch(let gather): gather.batchSize
    case .projectGradient(let projection): projection.entry.rowCount
    case .scatterAdd, .attention, .attentionGradient, .increment, .walkTower, .updateParameters,
      .loop, .allReduce:
      nil
    }
  }

  /// All memory that the instruction touches.
  var accesses: [MemoryAccess] {
    switch self {
    case .loopNest(let nest): nest.accesses
    case .matrixProduct(let product):
      product.operandAccesses + product.epilogueAccesses
    case .scatterAdd(let scatter): scatter.accesses
    case .attention(let attention): attention.accesses(writes: true)
    case .attentionGradient(let gradient): gradient.accesses
    case .gatherBatch(let gather): gather.accesses
    case .increment(let counter): [MemoryAccess(counter, count: 1, isWrite: true)]
    case .projectGradient(let projection): projection.accesses
    case .walkTower(let walk): walk.accesses
    case .updateParameters(let update): update.accesses
    case .loop(let loop): loop.body.flatMap(\.accesses).map { $0.spread(over: loop.count) }
    case .allReduce(let reduction):
      [
        MemoryAccess(reduction.values, count: reduction.count, isWrite: false),
        MemoryAccess(reduction.sum, count: reduction.count, isWrite: true),
      ]
    }
  }
}

extension LoopNest {
  fileprivate var accesses: [MemoryAccess] {
    let shape = keptShape + reducedShape
    let loads = inputs.flatMap { input -> [MemoryAccess] in
      switch input {
      case .load(let span, let strides):
        return [MemoryAccess(reading: span, shape, strides: strides)]
      case .boundedLoad(let load):
        return [
          MemoryAccess(load.span, count: load.count, isWrite: false, rowStride: load.rowStride)
        ]
      case .indirectLoad(let load):
        return [
          // Any row of the table.
          MemoryAccess(
            reading: load.table, shape + [load.rows], strides: load.strides + [load.rowStride]),
          MemoryAccess(reading: load.number, shape, strides: load.numberStrides),
        ]
      case .random(let random):
        return [MemoryAccess(random.counters, count: TowerLayout.Counter.count, isWrite: false)]
      case .inside, .coordinate, .reduction: return []
      }
    }
    let stores = outputs.map { output in
      let rowStride =
        keptShape.dropFirst().reduce(1, *) * (output.isFull ? reducedShape.elementCount : 1)
      return MemoryAccess(
        output.span, count: keptShape[0] * rowStride, isWrite: true, rowStride: rowStride)
    }
    return loads + stores
  }
}

extension MatrixProduct {
  /// The number of rows that it can be cut into: those of the result or, if there are several, whole results.
  var rowCount: Int { matrices == 1 ? rows : matrices }
  /// How many rows of all results one of these is.
  private var resultRows: Int { matrices == 1 ? 1 : rows }

  var leftAccess: MemoryAccess {
    if let view = left.view { return view.access(left.span) }
    return MemoryAccess(
      left.span, count: allRows * inner, isWrite: false,
      rowStride: left.isTransposed && matrices == 1 ? nil : resultRows * inner)
  }

  var rightAccess: MemoryAccess {
    MemoryAccess(
      right.span, count: matrices * inner * columns, isWrite: false,
      rowStride: matrices == 1 ? nil : inner * columns)
  }

  var operandAccesses: [MemoryAccess] { [leftAccess, rightAccess] }

  /// What the epilogue reads and writes.
  var epilogueAccesses: [MemoryAccess] {
    loads.map { load in
      let extent = (columns - 1) * load.columnStride
      // Backwards along some dimensions, as in a loop nest.
      let reach = load.rows.reach
      let before = reach.before + Swift.min(0, extent)
      let distance = load.rows.strides.count == 1 ? load.rows.strides[0] : 0
      return MemoryAccess(
        load.span.advanced(by: before),
        count: reach.after + Swift.max(0, extent) - before + 1, isWrite: false,
        rowStride: before == 0 && extent < distance ? resultRows * distance : nil,
        rowWidth: (resultRows - 1) * distance + extent + 1)
    }
      + outputs.map {
        MemoryAccess(
          $0.span, count: allRows * columns, isWrite: true, rowStride: resultRows * columns)
      }
  }
}

extension ScatterAdd {
  fileprivate var accesses: [MemoryAccess] {
    [
      MemoryAccess(values, count: matrices * count * width, isWrite: false),
      MemoryAccess(indices, count: matrices * count, isWrite: false),
      MemoryAccess(result, count: matrices * rows * width, isWrite: true),
    ]
  }
}

extension BatchGather {
  var accesses: [MemoryAccess] {
    [MemoryAccess(counter, count: counterCount, isWrite: false)]
      + sources.flatMap { source in
        [
          MemoryAccess(source.from, count: source.reach(sampleCount), isWrite: false),
          MemoryAccess(
            source.to, count: batchSize * source.width, isWrite: true, rowStride: source.width),
        ]
      }
  }
}

extension GradientProjection {
  fileprivate var accesses: [MemoryAccess] {
    let (entry, size) = (entry, layout.parameters.size)
    /// The tensor's part of an array of the arena's size.
    func rows(_ span: Span, _ number: Int = 0) -> MemoryAccess {
      MemoryAccess(
        Span(buffer: span.buffer, offset: span.offset + number * size + entry.offset),
        count: entry.count, isWrite: false, rowStride: entry.rowLength)
    }
    let sums = (0..<layout.sumCount).map { sum in
      MemoryAccess(
        Span(
          buffer: partialSums.buffer,
          offset: partialSums.offset + sum * layout.parameters.rowCount + entry.firstRow),
        count: entry.rowCount, isWrite: true, rowStride: 1)
    }
    let inputs = [previous, current].compactMap { $0 }.flatMap { inputs in
      [rows(inputs.gradient)] + (inputs.parameters.map { [rows($0)] } ?? [])
        + layout.bottom.rule.states.indices.map { rows(inputs.states, $0) }
    }
    let derivatives = layout.bottom.jacobian.indices.compactMap { h in
      self.derivatives.map { rows($0, h) }
    }
    return [
      rows(gradient), MemoryAccess(values, count: layout.size, isWrite: false),
      MemoryAccess(counters, count: TowerLayout.Counter.count, isWrite: false),
    ] + inputs + derivatives + sums
  }
}

extension TowerWalk {
  fileprivate var accesses: [MemoryAccess] {
    [
      MemoryAccess(values, count: layout.size, isWrite: true),
      MemoryAccess(counters, count: TowerLayout.Counter.count, isWrite: true),
      MemoryAccess(partialSums, count: layout.partialSumCount, isWrite: false),
      MemoryAccess(loss, count: 1, isWrite: false),
      MemoryAccess(records, count: recordCapacity * recordSize, isWrite: true),
    ]
  }
}

extension ParameterUpdate {
  fileprivate var accesses: [MemoryAccess] {
    let size = layout.parameters.size
    let stateSize = size * layout.bottom.rule.states.count
    return [
      MemoryAccess(parameters, count: size, isWrite: true),
      MemoryAccess(gradient, count: size, isWrite: false),
      MemoryAccess(states, count: stateSize, isWrite: false),
      MemoryAccess(nextStates, count: stateSize, isWrite: true),
      MemoryAccess(values, count: layout.size, isWrite: false),
      MemoryAccess(counters, count: TowerLayout.Counter.count, isWrite: false),
    ]
      + [average, previousParameters].compactMap { $0 }.map {
        MemoryAccess($0, count: size, isWrite: true)
      }
      + [derivatives].compactMap { $0 }.map {
        MemoryAccess($0, count: size * layout.bottom.jacobian.count, isWrite: true)
      }
  }
}
