/// The levels above the bottom: gradients upwards, adjustments downwards.
final class CPUTowerWalk<Element: HostReal>: CPUStep {
  private let walk: TowerWalk
  private let layout: TowerLayout
  private let values: UnsafeMutablePointer<Element>
  private let counters: UnsafeMutablePointer<Int32>
  private let partialSums: UnsafeMutablePointer<Element>
  private let loss: UnsafeMutablePointer<Element>
  private let records: UnsafeMutablePointer<Element>

  init(_ walk: TowerWalk, _ memory: CPUMemory<Element>) {
    self.walk = walk
    layout = walk.layout
    values = memory.reals(walk.values)
    counters = memory.int32(walk.counters)
    partialSums = memory.reals(walk.partialSums)
    loss = memory.reals(walk.loss)
    records = memory.reals(walk.records)
  }

  @specialized(where Element == Float)
  @specialized(where Element == Double)
  func run() {
    let step = Int(counters[TowerLayout.Counter.step])
    counters[TowerLayout.Counter.step] += 1
    counters[TowerLayout.Counter.batch] += 1
    // A run that has diverged stays as it was when it did.
    guard counters[TowerLayout.Counter.divergence] == 0 else { return }
    guard loss.pointee.isFinite else {
      counters[TowerLayout.Counter.divergence] = Int32(step + 1)
      return
    }
    if layout.height > 0 { sumPartialSums() }
    for k in 1..<Swift.max(1, layout.height) { projectGradients(of: k) }
    for k in (1..<layout.levels.count).reversed() { adjust(k, step: step + 1) }
    evaluateUniforms(step: step + 1)

    let record = records + step % walk.recordCapacity * layout.recordSize
    record[0] = loss.pointee
    (record + 1).update(from: values, count: layout.hyperparameterCount)
    if (0..<layout.hyperparameterCount).contains(where: { !values[$0].isFinite }) {
      counters[TowerLayout.Counter.divergence] = Int32(step + 1)
    }
  }

  /// The gradients of the bottom rule's hyperparameters.
  private func sumPartialSums() {
    let bottom = layout.levels[0]
    let count = bottom.rule.hyperparameters.count
    let gradients = values + layout.levels[1].gradients
    gradients.update(repeating: 0, count: layout.levels[1].width)
    for (tensor, entry) in layout.parameters.entries.enumerated() {
      let base = bottom.isPerTensor ? tensor * count : 0
      for h in 0..<count {
        let sums = partialSums + h * layout.parameters.rowCount + entry.firstRow
        for row in 0..<entry.rowCount { gradients[base + h] += sums[row] }
      }
    }
  }

  /// The gradients of level k's hyperparameters from those of what it tunes.
  private func projectGradients(of k: Int) {
    let (level, above) = (layout.levels[k], layout.levels[k + 1])
    let count = level.rule.hyperparameters.count
    let (own, gradients) = (values + level.gradients, values + above.gradients)
    gradients.update(repeating: 0, count: above.width)
    for i in 0..<level.width {
      let base = level.isPerTensor ? i * count : 0
      for h in 0..<count {
        gradients[base + h] += values[level.jacobian! + h * level.width + i] * own[i]
      }
    }
  }

  private func adjust(_ k: Int, step: Int) {
    let level = layout.levels[k]
    let rule = level.rule
    let count = rule.hyperparameters.count
    let tuned = values + layout.levels[k - 1].hyperparameters
    for i in 0..<level.width {
      let hyperparameters =
        values + level.hyperparameters + (level.isPerTensor ? i * count : 0)
      let outputs = [rule.newParameter] + rule.states.map(\.next) + rule.jacobian
      let results = rule.graph.evaluate(outputs, as: Element.self) { input in
        switch input {
        case UpdateRule.Input.parameter: tuned[i]
        case UpdateRule.Input.gradient: values[level.gradients + i]
        case UpdateRule.Input.step: Element(step)
        default:
          (input - 3) % 2 == 0
            ? hyperparameters[(input - 3) / 2]
            : values[level.states + (input - 4) / 2 * level.width + i]
        }
      }
      tuned[i] = results[0]
      for state in rule.states.indices {
        values[level.states + state * level.width + i] = results[1 + state]
      }
      if let jacobian = level.jacobian {
        for h in 0..<count {
          values[jacobian + h * level.width + i] = results[1 + rule.states.count + h]
        }
      }
    }
  }

  private func evaluateUniforms(step: Int) {
    let (bottom, split) = (layout.levels[0], layout.bottom)
    let count = bottom.rule.hyperparameters.count
    for set in 0..<(bottom.isPerTensor ? bottom.width : 1) {
      let results = split.uniformGraph.evaluate(split.uniformNodes, as: Element.self) { input in
        input == UpdateRule.Input.step
          ? Element(step) : values[bottom.hyperparameters + set * count + (input - 3) / 2]
      }
      for (number, value) in results.enumerated() {
        values[layout.uniforms + set * split.uniformNodes.count + number] = value
      }
    }
  }
}
