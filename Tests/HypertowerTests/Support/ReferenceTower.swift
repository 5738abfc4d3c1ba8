/// A tower once more, by hand and in Double: levels of rules that adjust from the top down.
struct ReferenceTower {
  struct Level {
    let rule: ReferenceRule
    /// The tensor that each number belongs to that the level tunes.
    let tensors: [Int]
    /// The states, of each number that the level tunes.
    var states: [[Double]]
    /// The shared states, of each set of hyperparameters.
    var shared: [[Double]]

    /// Which set of hyperparameters, shared states and sums number `i` has.
    func set(_ i: Int) -> Int { rule.isPerTensor ? tensors[i] : 0 }

    /// What the rule sums over `parameters`, for each set.
    func sums(
      _ parameters: [Double], _ gradients: [Double], _ h: [Double], t: Int
    ) -> [[Double]] {
      var sums = [[Double]?](repeating: nil, count: shared.count)
      for i in parameters.indices {
        let set = set(i)
        let terms = rule.terms(
          parameters[i], gradients[i], states[i], rule.own(h, tensor: set), t: t,
          shared: shared[set])
        sums[set] = sums[set].map { zip($0, terms).map(+) } ?? terms
      }
      return sums.map { $0 ?? [] }
    }
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
      let count = (tensors.max() ?? 0) + 1
      levels.append(
        Level(
          rule: rule, tensors: tensors, states: tensors.map { _ in rule.initialState() },
          shared: (0..<(rule.isPerTensor ? count : 1)).map { _ in rule.initialShared() }))
      let own = rule.hyperparameters(tensors: count)
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
    // Of what all levels start from.
    let sums = levels.indices.map {
      levels[$0].sums(parameters[$0], gradients[$0], parameters[$0 + 1], t: stepCount)
    }
    for k in levels.indices.reversed() {
      moved(k, &parameters[k + 1])
      let (rule, shared) = (levels[k].rule, levels[k].shared)
      for i in parameters[k].indices {
        let set = levels[k].set(i)
        parameters[k][i] = rule.apply(
          parameters[k][i], gradients[k][i], bound: bounds[k][i], &levels[k].states[i],
          parameters[k + 1], tensor: levels[k].tensors[i], t: stepCount, sums: sums[k][set],
          shared: shared[set])
      }
      for set in shared.indices {
        levels[k].shared[set] = rule.nextShared(
          shared[set], sums: sums[k][set], rule.own(parameters[k + 1], tensor: set), t: stepCount)
      }
    }
  }
}
