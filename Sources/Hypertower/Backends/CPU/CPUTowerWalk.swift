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
    let isLimited = counters[TowerLayout.Counter.limit] != 0
    if walk.preparesLimit {
      guard isLimited, loss.pointee.isFinite else { return }
      sumPartialSums()
      return evaluateUniforms(step: step + 1, keepsSharedStates: true)
    }
    if walk.isLast {
      counters[TowerLayout.Counter.step] += 1
      counters[TowerLayout.Counter.batch] += 1
      counters[TowerLayout.Counter.limit] = 0
    }
    defer {
      if let live = layout.live {
        values[live] = counters[TowerLayout.Counter.divergence] == 0 ? 1 : 0
      }
    }
    // A run that has diverged stays as it was when it did, which may be in the tower of another group.
    guard [0, Int32(step + 1)].contains(counters[TowerLayout.Counter.divergence]) else { return }
    guard loss.pointee.isFinite else {
      counters[TowerLayout.Counter.divergence] = Int32(step + 1)
      return
    }
    if layout.height > 0 || isLimited || layout.bottom.sums != nil { sumPartialSums() }
    if layout.height > 0, layout.hasOwnSums { takeHypergradients(areThere: !isLimited) }
    for k in 1..<Swift.max(1, layout.height) { projectGradients(of: k) }
    // Of what all steps start from, so before the first of them.
    for k in 1..<layout.levels.count { takeSums(of: k, step: step + 1) }
    for k in 1..<layout.levels.count { takeRunGradients(of: k) }
    for k in (1..<layout.levels.count).reversed() { adjust(k, step: step + 1) }
    if isLimited, let limit = layout.stepLimit { lowerStepSizes(limit) }
    evaluateUniforms(step: step + 1)

    let record = records + step % walk.recordCapacity * walk.recordSize
    record[0] = loss.pointee
    (record + walk.recordOffset).update(from: values, count: layout.hyperparameterCount)
    if (0..<layout.hyperparameterCount).contains(where: { !values[$0].isFinite }) {
      counters[TowerLayout.Counter.divergence] = Int32(step + 1)
    }
  }

  /// The sums over all parameters or, where they have hyperparameters of their own, over each tensor.
  private func sumPartialSums() {
    let count = layout.sumCount
    let totals = values + layout.sums
    totals.update(repeating: 0, count: layout.sumSets * count)
    for (tensor, entry) in layout.parameters.entries.enumerated() {
      let base = layout.levels[0].isPerTensor ? tensor * count : 0
      for sum in 0..<count {
        let sums = partialSums + sum * layout.parameters.rowCount + entry.firstRow
        for row in 0..<entry.rowCount { totals[base + sum] += sums[row] }
      }
    }
  }

  /// The gradients of the bottom rule's hyperparameters and their bounds, from the sums; 0 where these are
  /// of the step to be made.
  private func takeHypergradients(areThere: Bool) {
    let level = layout.levels[1]
    let count = layout.levels[0].rule.hyperparameters.count
    for i in 0..<level.width {
      let sums = values + layout.sums + i / count * layout.sumCount
      let h = i % count
      values[level.gradients + i] = areThere ? sums[h] : 0
      guard let bounds = level.bounds else { continue }
      values[bounds + i] =
        areThere
        ? sums[layout.gradientSquares].squareRoot() * sums[layout.jacobianSquares(h)].squareRoot()
        : 0
    }
  }

  /// Lowers the bottom rule's step sizes as `StepLimit` says.
  private func lowerStepSizes(_ limit: StepLimit) {
    let count = layout.levels[0].rule.hyperparameters.count
    // Raw value, its place, the sum of its hypergradient and what stands for it.
    let own = (0..<layout.sumSets).flatMap { set in
      limit.learningRates.map { rate in
        let place = layout.levels[0].hyperparameters + set * count + rate.hyperparameter
        let results = limit.graph.evaluate([rate.natural, rate.slope], as: Element.self) { _ in
          values[place]
        }
        let gradient = values[layout.sums + set * layout.sumCount + rate.hyperparameter]
        return (place: place, rate: rate, value: results[0], gradient: gradient / results[1])
      }
    }
    let greatest = own.reduce(0) { Swift.max($0, $1.value.magnitude) }
    guard greatest > 0 else { return }
    // In units of the greatest step size, so that none is too great for it.
    var promise: Element = 0
    for own in own where own.value != 0 { promise -= own.value / greatest * own.gradient }
    let most = Element(limit.share) * loss.pointee.magnitude / promise
    guard promise > 0, greatest > most else { return }
    for own in own where own.value != 0 {
      // No step size vanishes: it could not rise again.
      let value = Element(
        signOf: own.value,
        magnitudeOf: Swift.max(
          (own.value / greatest * most).magnitude, Element.leastNormalMagnitude))
      values[own.place] =
        limit.graph.evaluate([own.rate.raw], as: Element.self) { _ in value }[0]
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
    if let bounds = above.bounds { bound(level, count, values + bounds, width: above.width) }
  }

  /// The bounds of the gradients of a level's hyperparameters, `count` for each set.
  private func bound(
    _ level: TowerLayout.Level, _ count: Int, _ bounds: UnsafeMutablePointer<Element>, width: Int
  ) {
    for number in 0..<width {
      let moved =
        level.isPerTensor ? number / count..<number / count + 1 : 0..<level.width
      var (gradients, derivatives): (Element, Element) = (0, 0)
      for i in moved {
        let gradient = values[level.gradients + i]
        let derivative = values[level.jacobian! + number % count * level.width + i]
        gradients += gradient * gradient
        derivatives += derivative * derivative
      }
      bounds[number] = gradients.squareRoot() * derivatives.squareRoot()
    }
  }

  /// What the rule of level k sums over what it tunes.
  private func takeSums(of k: Int, step: Int) {
    let level = layout.levels[k]
    guard !level.rule.sums.isEmpty else { return }
    let totals = values + level.sums
    totals.update(repeating: 0, count: level.rule.sums.count * level.sets)
    for i in 0..<level.width {
      let terms = evaluate(level.rule.sums, of: k, at: i, step: step)
      let set = level.isPerTensor ? i : 0
      for (number, term) in terms.enumerated() { totals[number * level.sets + set] += term }
    }
  }

  /// The gradients of level k that look back on the run, and their bounds, from the sums of the level below.
  private func takeRunGradients(of k: Int) {
    let (level, lower) = (layout.levels[k], layout.levels[k - 1])
    guard let runGradients = level.runGradients else { return }
    let count = lower.rule.hyperparameters.count
    for i in 0..<level.width {
      let set = i / count
      func sum(_ number: Int) -> Element {
        k == 1
          ? values[layout.sums + set * layout.sumCount + layout.firstRuleSum + number]
          : values[lower.sums + number * lower.sets + set]
      }
      let own = lower.rule.runSums(i % count)
      values[runGradients + i] = sum(own.products)
      values[runGradients + level.width + i] =
        sum(own.gradientSquares).squareRoot() * sum(own.squares).squareRoot()
    }
  }

  private func adjust(_ k: Int, step: Int) {
    let level = layout.levels[k]
    let rule = level.rule
    let tuned = values + layout.levels[k - 1].hyperparameters
    let sharedNext = rule.sharedStates.map(\.next)
    let outputs = [rule.newParameter] + rule.states.map(\.next) + rule.jacobian
    // All parameters of a set start from the same shared states, which are written last.
    let shared =
      sharedNext.isEmpty
      ? []
      : (0..<Swift.min(level.sets, level.width)).map {
        evaluate(sharedNext, of: k, at: $0, step: step)
      }
    for i in 0..<level.width {
      let results = evaluate(outputs, of: k, at: i, step: step)
      tuned[i] = results[0]
      for state in rule.states.indices {
        values[level.states + state * level.width + i] = results[1 + state]
      }
      if let jacobian = level.jacobian {
        for h in rule.hyperparameters.indices {
          values[jacobian + h * level.width + i] = results[1 + rule.states.count + h]
        }
      }
    }
    for (set, next) in shared.enumerated() {
      for (number, value) in next.enumerated() {
        values[level.sharedStates + number * level.sets + set] = value
      }
    }
  }

  /// Nodes of the formula of level k's rule, at number `i` of those that it tunes.
  private func evaluate(_ nodes: [Int], of k: Int, at i: Int, step: Int) -> [Element] {
    let level = layout.levels[k]
    let rule = level.rule
    let set = level.isPerTensor ? i : 0
    return rule.graph.evaluate(nodes, as: Element.self) { input in
      switch rule.inputs[input] {
      case .parameter: values[layout.levels[k - 1].hyperparameters + i]
      case .gradient: values[level.gradients + i]
      case .gradientBound: values[level.bounds! + i]
      case .runGradient: values[level.runGradients! + i]
      case .runGradientBound: values[level.runGradients! + level.width + i]
      case .step: Element(step)
      case .plannedSteps: values[layout.plannedStepsOffset!]
      case .hyperparameter(let h):
        values[level.hyperparameters + set * rule.hyperparameters.count + h]
      case .state(let state): values[level.states + state * level.width + i]
      case .sharedState(let number): values[level.sharedStates + number * level.sets + set]
      case .sum(let sum): values[level.sums + sum * level.sets + set]
      case .axisState, .field, .uniform, .average:
        fatalError("CPUTowerWalk: \(rule.inputs[input]) is the bottom rule's")
      }
    }
  }

  private func evaluateUniforms(step: Int, keepsSharedStates: Bool = false) {
    let (bottom, split) = (layout.levels[0], layout.bottom)
    let count = bottom.rule.hyperparameters.count
    for set in 0..<layout.sumSets {
      let shared =
        values + layout.sharedStates + set * split.nextSharedStates.count
      let results = split.uniformGraph.evaluate(
        split.uniformNodes + split.nextSharedStates, as: Element.self
      ) { input in
        switch split.inputs[input] {
        case .step: Element(step)
        case .plannedSteps: values[layout.plannedStepsOffset!]
        case .hyperparameter(let h): values[bottom.hyperparameters + set * count + h]
        case .sharedState(let number): shared[number]
        case .sum(let sum):
          values[layout.sums + set * layout.sumCount + layout.firstRuleSum + sum]
        case let other: fatalError("CPUTowerWalk: \(other) is not uniform")
        }
      }
      if !keepsSharedStates {
        for (number, value) in results.suffix(split.nextSharedStates.count).enumerated() {
          shared[number] = value
        }
      }
      for (number, value) in results.prefix(split.uniformNodes.count).enumerated() {
        values[layout.uniforms + set * split.uniformNodes.count + number] = value
      }
    }
  }
}
