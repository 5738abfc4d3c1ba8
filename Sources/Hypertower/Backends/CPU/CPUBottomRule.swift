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
    states: UnsafeMutablePointer<Element>
  ) {
    let split = layout.bottom
    let size = layout.parameters.size
    let uniforms = uniforms(ofTensor: tensor)
    evaluator.evaluate(count: count) { input, register in
      switch input {
      case UpdateRule.Input.parameter: register.update(from: parameters! + offset, count: count)
      case UpdateRule.Input.gradient: register.update(from: gradient + offset, count: count)
      case split.firstUniformInput...:
        register.update(repeating: uniforms[input - split.firstUniformInput], count: count)
      default:
        register.update(from: states + (input - 4) / 2 * size + offset, count: count)
      }
    }
  }

  /// The uniform factor of the derivative by hyperparameter `h`.
  func factor(_ h: Int, ofTensor tensor: Int) -> Element {
    let split = layout.bottom
    switch split.graph.nodes[split.jacobianFactors[h]] {
    case .constant(let value): return Element(value)
    case .input(let input): return uniforms(ofTensor: tensor)[input - split.firstUniformInput]
    case .unary, .binary, .select:
      fatalError("CPUBottomRule: the factor of a derivative is not uniform")
    }
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

/// Σ ∂p/∂h · gradient over each row of a tensor.
final class CPUGradientProjection<Element: HostReal>: CPUStep {
  private let layout: TowerLayout
  private let tensor: Int
  private let rule: BottomRule<Element>
  private let gradient: UnsafeMutablePointer<Element>
  private let previousGradient: UnsafeMutablePointer<Element>
  private let previousStates: UnsafeMutablePointer<Element>
  private let previousParameters: UnsafeMutablePointer<Element>?
  private let counters: UnsafeMutablePointer<Int32>
  private let partialSums: UnsafeMutablePointer<Element>

  init(_ projection: GradientProjection, _ memory: CPUMemory<Element>) {
    layout = projection.layout
    tensor = projection.tensor
    rule = BottomRule(
      layout, outputs: layout.bottom.jacobian, values: memory.reals(projection.values))
    gradient = memory.reals(projection.gradient)
    previousGradient = memory.reals(projection.previous.gradient)
    previousStates = memory.reals(projection.previous.states)
    previousParameters = projection.previous.parameters.map(memory.reals)
    counters = memory.int32(projection.counters)
    partialSums = memory.reals(projection.partialSums)
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func run() {
    let jacobian = layout.bottom.jacobian
    let (entry, rows) = (layout.parameters.entries[tensor], layout.parameters.rowCount)
    let isFirstStep = counters[TowerLayout.Counter.step] == 0
    for row in 0..<entry.rowCount {
      let sums = partialSums + entry.firstRow + row
      for h in jacobian.indices { sums[h * rows] = 0 }
      if isFirstStep { continue }
      let start = row * entry.rowLength
      let length = Swift.min(entry.rowLength, entry.count - start)
      rule.forEachChunk(of: length, at: entry.offset + start) { offset, count in
        rule.evaluate(
          tensor: tensor, offset: offset, count: count, parameters: previousParameters,
          gradient: previousGradient, states: previousStates)
        for (h, node) in jacobian.enumerated() {
          let derivatives = rule.evaluator.values(node)
          var sum: Element = 0
          for i in 0..<count { sum += derivatives[i] * gradient[offset + i] }
          sums[h * rows] += sum
        }
      }
      for h in jacobian.indices { sums[h * rows] *= rule.factor(h, ofTensor: tensor) }
    }
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
  private let previousParameters: UnsafeMutablePointer<Element>?
  private let counters: UnsafeMutablePointer<Int32>

  init(_ update: ParameterUpdate, _ memory: CPUMemory<Element>) {
    layout = update.layout
    rule = BottomRule(
      layout, outputs: [layout.bottom.newParameter] + layout.bottom.nextStates,
      values: memory.reals(update.values))
    parameters = memory.reals(update.parameters)
    gradient = memory.reals(update.gradient)
    states = memory.reals(update.states)
    nextStates = memory.reals(update.nextStates)
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
          gradient: gradient,
          states: states)
        if let previousParameters {
          (previousParameters + offset).update(from: parameters + offset, count: count)
        }
        (parameters + offset).update(
          from: rule.evaluator.values(split.newParameter), count: count)
        for (number, node) in split.nextStates.enumerated() {
          (nextStates + number * size + offset).update(
            from: rule.evaluator.values(node), count: count)
        }
      }
    }
  }
}
