/// The per-parameter part of the bottom rule, evaluated chunk by chunk.
private struct BottomRule<Element: HostReal>: ~Copyable {
  /// Sums run over blocks of so many terms, as those of products do.
  static var chunk: Int { MatrixProduct.blockSize }

  let layout: TowerLayout
  let evaluator: ChunkEvaluator<Element>
  let uniforms: UnsafeMutablePointer<Element>

  init(
    _ layout: TowerLayout, outputs: [Int], values: UnsafeMutablePointer<Element>
  ) {
    self.layout = layout
    evaluator = ChunkEvaluator(layout.bottom.graph, outputs: outputs, capacity: Self.chunk)
    uniforms = values + layout.uniforms
  }

  /// Evaluates the rule at `count` elements of a tensor from `offset` in the arena on.
  func evaluate(
    tensor: Int, offset: Int, count: Int,
    parameters: UnsafeMutablePointer<Element>?, gradient: UnsafeMutablePointer<Element>,
    states: UnsafeMutablePointer<Element>, average: UnsafeMutablePointer<Element>? = nil
  ) {
    let split = layout.bottom
    let size = layout.parameters.size
    let uniforms = uniforms(ofTensor: tensor)
    evaluator.evaluate(count: count) { input, register in
      switch split.inputs[input] {
      case .parameter: register.update(from: parameters! + offset, count: count)
      case .gradient: register.update(from: gradient + offset, count: count)
      case .average: register.update(from: average! + offset, count: count)
      case .uniform(let number): register.update(repeating: uniforms[number], count: count)
      case .state(let number):
        register.update(from: states + number * size + offset, count: count)
      case .step, .plannedSteps, .hyperparameter, .sharedState, .sum, .gradientBound,
        .runGradient, .runGradientBound, .axisState, .field:
        fatalError("CPUBottomRule: \(split.inputs[input]) is not given for each parameter")
      }
    }
  }

  /// The uniform factor of the derivative by hyperparameter `h`.
  func factor(_ h: Int, ofTensor tensor: Int) -> Element {
    let split = layout.bottom
    switch split.graph.nodes[split.jacobianFactors[h]] {
    case .constant(let value): return Element(value)
    case .input(let input):
      if case .uniform(let number) = split.inputs[input] {
        return uniforms(ofTensor: tensor)[number]
      }
    case .unary, .binary, .select: break
    }
    fatalError("CPUBottomRule: the factor of a derivative is not uniform")
  }

  /// The uniform values for a tensor's parameters.
  private func uniforms(ofTensor tensor: Int) -> UnsafeMutablePointer<Element> {
    uniforms + (layout.levels[0].isPerTensor ? tensor * layout.bottom.uniformNodes.count : 0)
  }

  /// Calls `body` with the offset in the arena and the length of every chunk of a run.
  func forEachChunk(of count: Int, at offset: Int, _ body: (Int, Int) -> Void) {
    for start in stride(from: 0, to: count, by: Self.chunk) {
      body(offset + start, Swift.min(Self.chunk, count - start))
    }
  }
}

/// The sums over each row of a tensor that `TowerLayout.sumCount` lists.
final class CPUGradientProjection<Element: HostReal>: CPUStep {
  private let layout: TowerLayout
  private let tensor: Int
  private let rule: BottomRule<Element>
  private let gradient: UnsafeMutablePointer<Element>
  private let previous: Inputs?
  private let current: Inputs?
  private let derivatives: UnsafeMutablePointer<Element>?
  private let values: UnsafeMutablePointer<Element>
  /// Of what the rule sums itself; empty if that is nothing.
  private let operands: ChunkEvaluator<Element>
  private let counters: UnsafeMutablePointer<Int32>
  private let partialSums: UnsafeMutablePointer<Element>

  /// What a step starts from.
  private struct Inputs {
    let gradient: UnsafeMutablePointer<Element>
    let states: UnsafeMutablePointer<Element>
    let parameters: UnsafeMutablePointer<Element>?

    init(_ inputs: UpdateInputs, _ memory: CPUMemory<Element>) {
      gradient = memory.reals(inputs.gradient)
      states = memory.reals(inputs.states)
      parameters = inputs.parameters.map(memory.reals)
    }
  }

  init(_ projection: GradientProjection, _ memory: CPUMemory<Element>) {
    layout = projection.layout
    tensor = projection.tensor
    rule = BottomRule(
      layout, outputs: layout.bottom.jacobian, values: memory.reals(projection.values))
    gradient = memory.reals(projection.gradient)
    previous = projection.previous.map { Inputs($0, memory) }
    current = projection.current.map { Inputs($0, memory) }
    derivatives = projection.derivatives.map(memory.reals)
    values = memory.reals(projection.values)
    operands = ChunkEvaluator(
      layout.bottom.sums?.graph ?? ScalarGraph(), outputs: layout.bottom.sums?.outputs ?? [],
      capacity: BottomRule<Element>.chunk)
    counters = memory.int32(projection.counters)
    partialSums = memory.reals(projection.partialSums)
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func run() {
    let jacobian = layout.bottom.jacobian
    let (entry, rows) = (layout.parameters.entries[tensor], layout.parameters.rowCount)
    // Nothing was moved before the first step.
    let isFirst = counters[TowerLayout.Counter.step] == 0
    let inputs =
      counters[TowerLayout.Counter.limit] != 0 ? current : isFirst ? nil : previous
    let stored = isFirst || counters[TowerLayout.Counter.limit] != 0 ? nil : derivatives
    for row in 0..<entry.rowCount {
      let sums = partialSums + entry.firstRow + row
      for sum in 0..<layout.sumCount { sums[sum * rows] = 0 }
      let start = row * entry.rowLength
      let length = Swift.min(entry.rowLength, entry.count - start)
      addRuleSums(to: sums, count: length, at: entry.offset + start)
      guard inputs != nil || stored != nil else { continue }
      rule.forEachChunk(of: length, at: entry.offset + start) { offset, count in
        if stored == nil, let inputs {
          rule.evaluate(
            tensor: tensor, offset: offset, count: count, parameters: inputs.parameters,
            gradient: inputs.gradient, states: inputs.states)
        }
        for (h, node) in jacobian.enumerated() {
          let derivatives =
            stored.map { UnsafePointer($0 + h * layout.parameters.size + offset) }
            ?? UnsafePointer(rule.evaluator.values(node))
          sums[h * rows] += Self.dot(derivatives, gradient + offset, count)
          if layout.sumsSquares {
            sums[layout.jacobianSquares(h) * rows] += Self.dot(derivatives, derivatives, count)
          }
        }
        if layout.sumsSquares {
          sums[layout.gradientSquares * rows] +=
            Self.dot(gradient + offset, gradient + offset, count)
        }
      }
      for h in jacobian.indices {
        let factor = rule.factor(h, ofTensor: tensor)
        sums[h * rows] *= factor
        if layout.sumsSquares { sums[layout.jacobianSquares(h) * rows] *= factor * factor }
      }
    }
  }

  /// Adds what the rule sums over its parameters, of `count` elements from `offset` in the arena on.
  private func addRuleSums(
    to sums: UnsafeMutablePointer<Element>, count: Int, at offset: Int
  ) {
    guard let parts = layout.bottom.sums, let current else { return }
    let (bottom, rows, size) = (
      layout.levels[0], layout.parameters.rowCount, layout.parameters.size
    )
    let set = bottom.isPerTensor ? tensor : 0
    let uniforms = parts.uniformGraph.evaluate(parts.uniformNodes, as: Element.self) { input in
      switch parts.inputs[input] {
      case .step: Element(counters[TowerLayout.Counter.step] + 1)
      case .plannedSteps: values[layout.plannedStepsOffset!]
      case .hyperparameter(let h):
        values[bottom.hyperparameters + set * bottom.rule.hyperparameters.count + h]
      case .sharedState(let number):
        values[layout.sharedStates + set * bottom.rule.sharedStates.count + number]
      case let other: fatalError("CPUBottomRule: \(other) is not uniform")
      }
    }
    rule.forEachChunk(of: count, at: offset) { offset, count in
      operands.evaluate(count: count) { input, register in
        switch parts.inputs[input] {
        case .parameter: register.update(from: current.parameters! + offset, count: count)
        case .gradient: register.update(from: current.gradient + offset, count: count)
        case .state(let number):
          register.update(from: current.states + number * size + offset, count: count)
        case .uniform(let number): register.update(repeating: uniforms[number], count: count)
        case let other: fatalError("CPUBottomRule: \(other) is not given for each parameter")
        }
      }
      for (number, node) in parts.outputs.enumerated() {
        let terms = operands.values(node)
        var sum: Element = 0
        for i in 0..<count { sum += terms[i] }
        sums[(layout.firstRuleSum + number) * rows] += sum
      }
    }
  }

  private static func dot(
    _ x: UnsafePointer<Element>, _ y: UnsafePointer<Element>, _ count: Int
  ) -> Element {
    var sum: Element = 0
    for i in 0..<count { sum += x[i] * y[i] }
    return sum
  }
}

/// The bottom rule, applied to every parameter.
final class CPUParameterUpdate<Element: HostReal>: CPUStep {
  private let layout: TowerLayout
  private let rule: BottomRule<Element>
  private let parameters: UnsafeMutablePointer<Element>
  private let gradient: UnsafeMutablePointer<Element>
  private let states: UnsafeMutablePointer<Element>
  private let nextStates: UnsafeMutablePointer<Element>
  private let average: UnsafeMutablePointer<Element>?
  private let derivatives: UnsafeMutablePointer<Element>?
  private let previousParameters: UnsafeMutablePointer<Element>?
  private let counters: UnsafeMutablePointer<Int32>

  init(_ update: ParameterUpdate, _ memory: CPUMemory<Element>) {
    layout = update.layout
    rule = BottomRule(
      layout,
      outputs: [layout.bottom.newParameter] + layout.bottom.nextStates
        + (layout.bottom.newAverage.map { [$0] } ?? [])
        + (update.derivatives == nil ? [] : layout.bottom.jacobian),
      values: memory.reals(update.values))
    parameters = memory.reals(update.parameters)
    gradient = memory.reals(update.gradient)
    states = memory.reals(update.states)
    nextStates = memory.reals(update.nextStates)
    average = update.average.map(memory.reals)
    derivatives = update.derivatives.map(memory.reals)
    previousParameters = update.previousParameters.map(memory.reals)
    counters = memory.int32(update.counters)
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func run() {
    guard counters[TowerLayout.Counter.divergence] == 0 else { return }
    let (split, size) = (layout.bottom, layout.parameters.size)
    for block in layout.parameters.blocks {
      rule.forEachChunk(of: block.count, at: block.offset) { offset, count in
        rule.evaluate(
          tensor: block.tensor, offset: offset, count: count, parameters: parameters,
          gradient: gradient, states: states, average: average)
        if let previousParameters {
          (previousParameters + offset).update(from: parameters + offset, count: count)
        }
        (parameters + offset).update(
          from: rule.evaluator.values(split.newParameter), count: count)
        for (number, node) in split.nextStates.enumerated() {
          (nextStates + number * size + offset).update(
            from: rule.evaluator.values(node), count: count)
        }
        if let derivatives {
          for (h, node) in split.jacobian.enumerated() {
            (derivatives + h * size + offset).update(
              from: rule.evaluator.values(node), count: count)
          }
        }
        if let average, let node = split.newAverage {
          (average + offset).update(from: rule.evaluator.values(node), count: count)
        }
      }
    }
  }
}
