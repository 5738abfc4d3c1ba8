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
  func divergence(step: Int, stepCount: Int) throws -> DivergenceError.Cause {
    if try !weightsAreFinite() { return .parameters(level: 0) }
    let levels = layout.levels
    let spoiled = try levels.indices.filter { k in
      let level = levels[k]
      return try !isFinite(
        values, level.hyperparameters..<level.hyperparameters + level.hyperparameterCount)
    }
    guard let highest = spoiled.last else { return .loss }
    if stepCount - step <= gradients.count, try !isFinite(gradients[step % gradients.count]) {
      return .gradient(level: 0)
    }
    for k in levels.indices.dropFirst() {
      let own = levels[k].gradients..<levels[k].gradients + levels[k].width
      if try !isFinite(values, own) { return .gradient(level: k) }
    }
    return .parameters(level: highest + 1)
  }
}
