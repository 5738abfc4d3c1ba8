/// Changes of the step size, in mid-run.
extension Trainer {
  /// Whether the bottom rule, or that of any group, has a step size that can be scaled: one that its definition
  /// marks.
  public var hasLearningRate: Bool {
    state.groups.contains {
      $0.layout.levels[0].rule.hyperparameters.contains(where: \.isLearningRate)
    }
  }

  /// Multiplies the step sizes of the bottom rules by a factor.
  ///
  /// Levels that tune step sizes, such as `Kesten`, begin their tuning anew, and where the first step was
  /// limited, so is the next.
  ///
  /// - Precondition: it has some (`hasLearningRate`), and the factor is finite and greater than 0.
  /// - Throws: what the device reports.
  public func scaleLearningRate(by factor: Double) throws {
    require(hasLearningRate, "scaleLearningRate: the bottom rule marks no step size")
    require(
      factor > 0 && factor.isFinite, "scaleLearningRate: \(factor) is not a number greater than 0")
    try state.scaleLearningRate(by: factor, stepCount: stepCount)
  }
}
