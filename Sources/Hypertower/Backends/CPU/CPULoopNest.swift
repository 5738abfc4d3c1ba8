/// Evaluates a loop nest chunk by chunk along its innermost dimension.
final class CPULoopNest<Element: HostReal>: CPUStep {
  private let nest: LoopNest
  private let evaluator: ChunkEvaluator<Element>
  private let loads: [UnsafeMutablePointer<Element>?]
  /// Where indirect loads have the numbers of rows.
  private let rowNumbers: [UnsafeMutablePointer<Element>?]
  private let outputs: [UnsafeMutablePointer<Element>]
  private let counters: [UnsafeMutablePointer<Int32>?]
  /// For each stage, the graph nodes to evaluate; last, those of the outputs without a stage.
  private let order: [[Int]]
  private var reductionResults: [Element]
  private let chunk: Int

  init(_ nest: LoopNest, _ memory: CPUMemory<Element>) {
    self.nest = nest
    let innermost = nest.reducedShape.last ?? nest.keptShape.last ?? 1
    chunk = Swift.max(1, Swift.min(512, innermost))
    loads = nest.inputs.map { input in
      switch input {
      case .load(let span, _): memory.reals(span)
      case .boundedLoad(let load): memory.reals(load.span)
      case .indirectLoad(let load): memory.reals(load.table)
      case .random, .inside, .coordinate, .reduction: nil
      }
    }
    rowNumbers = nest.inputs.map { input in
      guard case .indirectLoad(let load) = input else { return nil }
      return memory.reals(load.number)
    }
    counters = nest.inputs.map { input in
      guard case .random(let random) = input else { return nil }
      return memory.int32(random.counters)
    }
    outputs = nest.outputs.map { memory.reals($0.span) }
    reductionResults = Array(repeating: 0, count: nest.reductions.count)

    var order: [[Int]] = []
    for stage in 0...nest.stageCount {
      let isLast = stage == nest.stageCount
      let wanted =
        isLast
        ? nest.outputs.filter { !$0.isFull }.map(\.node)
        : nest.reductions.filter { $0.stage == stage }.map(\.value)
          + nest.outputs.filter { $0.isFull && $0.stage == stage }.map(\.node)
      let needed = nest.graph.needed(by: wanted)
      order.append(nest.graph.nodes.indices.filter { needed[$0] })
    }
    self.order = order
    evaluator = ChunkEvaluator(
      nest.graph, outputs: nest.graph.nodes.indices.map { $0 }, capacity: chunk)
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func run() {
    if nest.reducedShape.isEmpty {
      forEachChunk(of: nest.keptShape) { index, count in
        evaluate(stage: 0, at: index, dimension: nest.keptShape.count - 1, count: count)
        store(atKept: linear(index, nest.keptShape), count: count)
      }
    } else {
      forEachIndex(of: nest.keptShape) { kept in
        let row = linear(kept, nest.keptShape)
        for stage in 0..<nest.stageCount { run(stage: stage, at: kept, row: row) }
        evaluate(
          stage: nest.stageCount, at: kept + nest.reducedShape.map { _ in 0 }, dimension: nil,
          count: 1)
        store(atKept: row, count: 1)
      }
    }
  }

  private func run(stage: Int, at kept: [Int], row: Int) {
    var folds = nest.reductions.filter { $0.stage == stage }.map { Fold<Element>($0.kind) }
    let reducedCount = nest.reducedShape.elementCount
    forEachChunk(of: nest.reducedShape) { index, count in
      evaluate(
        stage: stage, at: kept + index, dimension: kept.count + index.count - 1, count: count)
      let position = linear(index, nest.reducedShape)
      var fold = 0
      for reduction in nest.reductions where reduction.stage == stage {
        folds[fold].add(evaluator.values(reduction.value), count: count, position: position)
        fold += 1
      }
      for (output, target) in zip(nest.outputs, outputs)
      where output.isFull && output.stage == stage {
        (target + row * reducedCount + position).update(
          from: evaluator.values(output.node), count: count)
      }
    }
    var fold = 0
    for (number, reduction) in nest.reductions.enumerated() where reduction.stage == stage {
      reductionResults[number] = folds[fold].result
      fold += 1
    }
  }

  private func store(atKept position: Int, count: Int) {
    for (output, target) in zip(nest.outputs, outputs) where !output.isFull {
      (target + position).update(from: evaluator.values(output.node), count: count)
    }
  }

  /// Evaluates the nodes of a stage at `count` indices from `index` on along `dimension`.
  private func evaluate(stage: Int, at index: [Int], dimension: Int?, count: Int) {
    evaluator.evaluate(order[stage], count: count) { input, register in
      switch nest.inputs[input] {
      case .load(_, let strides):
        let start = loads[input]! + zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
        let step = dimension.map { strides[$0] } ?? 0
        if step == 1 {
          register.update(from: start, count: count)
        } else {
          for i in 0..<count { register[i] = start[i * step] }
        }
      case .boundedLoad(let load):
        read(load, at: index, dimension, count: count, from: loads[input]!, to: register)
      case .indirectLoad(let load):
        read(
          load, at: index, dimension, count: count, from: loads[input]!, rowNumbers[input]!,
          to: register)
      case .random(let random):
        let counters = counters[input]!
        let seed = UnsafeMutableRawPointer(counters + TowerLayout.Counter.seed)
          .loadUnaligned(as: UInt64.self)
        let generator = Philox(key: seed)
        let step = UInt32(bitPattern: counters[TowerLayout.Counter.step])
        for i in 0..<count {
          let place = random.index.numerator(at: index, dimension, i)
          let word = generator.block(
            UInt32(truncatingIfNeeded: place), step, UInt32(random.call), RandomNumber.purpose)[0]
          register[i] = Element(word >> 8) * 0x1p-24
        }
      case .inside(let bounds):
        for i in 0..<count {
          register[i] = bounds.allSatisfy { $0.holds(at: index, dimension, i) } ? 1 : 0
        }
      case .coordinate(let coordinate):
        for i in 0..<count {
          register[i] = Element(index[coordinate] + (coordinate == dimension ? i : 0))
        }
      case .reduction(let number):
        register.update(repeating: reductionResults[number], count: count)
      }
    }
  }

  private func read(
    _ load: BoundedLoad, at index: [Int], _ dimension: Int?, count: Int,
    from source: UnsafeMutablePointer<Element>, to register: UnsafeMutablePointer<Element>
  ) {
    for i in 0..<count {
      guard load.bounds.allSatisfy({ $0.holds(at: index, dimension, i) }) else {
        register[i] = 0
        continue
      }
      var place = 0
      for axis in load.axes {
        place += axis.stride * (axis.index.numerator(at: index, dimension, i) / axis.index.divisor)
      }
      register[i] = source[place]
    }
  }

  private func read(
    _ load: IndirectLoad, at index: [Int], _ dimension: Int?, count: Int,
    from table: UnsafeMutablePointer<Element>, _ numbers: UnsafeMutablePointer<Element>,
    to register: UnsafeMutablePointer<Element>
  ) {
    func place(_ strides: [Int]) -> Int { zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 } }
    let (first, firstNumber) = (table + place(load.strides), numbers + place(load.numberStrides))
    let step = dimension.map { load.strides[$0] } ?? 0
    let numberStep = dimension.map { load.numberStrides[$0] } ?? 0
    for i in 0..<count {
      let row = firstNumber[i * numberStep].rowNumber(of: load.rows)
      register[i] =
        row.map { first[i * step + $0 * load.rowStride] } ?? (load.isZeroOutside ? 0 : .nan)
    }
  }

  // MARK: Index spaces

  private func linear(_ index: [Int], _ shape: Shape) -> Int {
    zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 }
  }

  private func forEachIndex(of shape: Shape, _ body: ([Int]) -> Void) {
    guard shape.elementCount > 0 else { return }
    var index = [Int](repeating: 0, count: shape.count)
    while true {
      body(index)
      var dimension = shape.count - 1
      while dimension >= 0 {
        index[dimension] += 1
        if index[dimension] < shape[dimension] { break }
        index[dimension] = 0
        dimension -= 1
      }
      if dimension < 0 { return }
    }
  }

  private func forEachChunk(of shape: Shape, _ body: ([Int], Int) -> Void) {
    guard let inner = shape.last else { return body([], 1) }
    forEachIndex(of: shape.dropLast()) { outer in
      for start in stride(from: 0, to: inner, by: chunk) {
        body(outer + [start], Swift.min(chunk, inner - start))
      }
    }
  }
}

extension IndexExpression {
  /// The sum, before the division, `distance` further along `dimension` than at an index.
  fileprivate func numerator(at index: [Int], _ dimension: Int?, _ distance: Int) -> Int {
    numerator(at: index) + (dimension.map { coefficients[$0] * distance } ?? 0)
  }
}

extension IndexBound {
  fileprivate func holds(at index: [Int], _ dimension: Int?, _ distance: Int) -> Bool {
    let numerator = self.index.numerator(at: index, dimension, distance)
    return numerator >= 0 && numerator < extent * self.index.divisor
      && numerator % self.index.divisor == 0
  }
}

/// A reduction in progress.
private struct Fold<Element: HostReal> {
  private let kind: Tape.Reduction
  private var value: Element
  private var position = 0

  init(_ kind: Tape.Reduction) {
    self.kind = kind
    switch kind {
    case .sum: value = 0
    case .maximum, .indexOfMaximum: value = -.infinity
    }
  }

  mutating func add(_ values: UnsafeMutablePointer<Element>, count: Int, position start: Int) {
    switch kind {
    case .sum:
      var sum: Element = 0
      for i in 0..<count { sum += values[i] }
      value += sum
    case .maximum, .indexOfMaximum:
      // NaN is greater than all, as in NumPy and PyTorch.
      for i in 0..<count where values[i] > value || (values[i].isNaN && !value.isNaN) {
        value = values[i]
        position = start + i
      }
    }
  }

  var result: Element { kind == .indexOfMaximum ? Element(position) : value }
}
