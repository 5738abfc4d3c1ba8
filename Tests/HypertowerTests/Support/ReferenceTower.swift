/// A tower once more, by hand and in Double: levels of rules that adjust from the top down.
struct ReferenceTower {
  struct Level {
    let rule: ReferenceRule
    /// The tensor that each number belongs to that the level tunes.
    let tensors: [Int]
    /// The states, of each number that the level tunes.
    var states: [[Double]]
  }

  var levels: [Level] = []
  /// What each level tunes, the weights first, and last the hyperparameters of the top.
  var parameters: [[Double]]
  private var stepCount = 0

  /// - Parameters:
  ///   - rules: bottom first.
  ///   - weights: the weights at first.
  ///   - tensors: the tensor that each weight belongs to.
  init(_ rules: [ReferenceRule], weights: [Double], tensors: [Int]) {
    parameters = [weights]
    var tensors = tensors
    for rule in rules {
      levels.append(
        Level(
          rule: rule, tensors: tensors, states: tensors.map { _ in rule.initialState() }))
      let own = rule.hyperparameters(tensors: (tensors.max() ?? 0) + 1)
      parameters.append(own)
      tensors = Array(own.indices)
    }
  }

  /// Adjusts all levels with the gradients of what each tunes, and the bounds of these.
  ///
  /// - Parameter moved: is given the hyperparameters of each level once they are adjusted, before
  ///   the level uses them.
  mutating func adjust(
    _ gradients: [[Double]], bounds: [[Double]], moved: (Int, inout [Double]) -> Void = { _, _ in }
  ) {
    stepCount += 1
    for k in levels.indices.reversed() {
      moved(k, &parameters[k + 1])
      for i in parameters[k].indices {
        parameters[k][i] = levels[k].rule.apply(
          parameters[k][i], gradients[k][i], bound: bounds[k][i], &levels[k].states[i],
          parameters[k + 1],
          tensor: levels[k].tensors[i], t: stepCount)
      }
    }
  }
}
