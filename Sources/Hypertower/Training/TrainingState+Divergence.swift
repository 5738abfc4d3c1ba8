/// Numbers that are not finite.
extension TrainingState {
  private func isFinite(_ array: any DeviceArray, _ range: Range<Int>? = nil) throws -> Bool {
    try backend.read(range ?? 0..<array.count, of: array).doubles.allSatisfy(\.isFinite)
  }

  func weightsAreFinite() throws -> Bool { try isFinite(arena) }

  /// Where numbers that are not finite began, if there are any.
  ///
  /// From a step that diverges on, weights and tower stay as they are, so what it computed is there,
  /// but for the gradient of the weights, which the second step after overwrites. Weights that are not
  /// finite make everything after so, and a gradient the ones above. Only where all gradients are
  /// finite did a level's own step leave the range, and spread to those below.
  ///
  /// - Parameters:
  ///   - step: the step that diverged.
  ///   - stepCount: how many steps were taken, that one and later ones included.
  /// - Returns: the cause, and the group in which it is.
  func divergence(
    step: Int, stepCount: Int
  ) throws -> (cause: DivergenceError.Cause, group: MovingGroup) {
    if try !weightsAreFinite() { return (.parameters(level: 0), groups[0]) }
    for group in groups {
      if let cause = try divergence(of: group, step: step, stepCount: stepCount) {
        return (cause, group)
      }
    }
    return (.loss, groups[0])
  }

  private func divergence(
    of group: MovingGroup, step: Int, stepCount: Int
  ) throws -> DivergenceError.Cause? {
    let (levels, values) = (group.layout.levels, group.values)
    let spoiled = try levels.indices.filter { k in
      let level = levels[k]
      return try !isFinite(
        values, level.hyperparameters..<level.hyperparameters + level.hyperparameterCount)
    }
    guard let highest = spoiled.last else { return nil }
    let part = group.start..<group.start + group.layout.parameters.size
    if stepCount - step <= gradients.count, try !isFinite(gradients[step % gradients.count], part) {
      return .gradient(level: 0)
    }
    for k in levels.indices.dropFirst() {
      let own = levels[k].gradients..<levels[k].gradients + levels[k].width
      if try !isFinite(values, own) { return .gradient(level: k) }
    }
    return .parameters(level: highest + 1)
  }
}
