/// Changes from outside, in mid-run.
extension TrainingState {
  /// Multiplies the step sizes of the bottom rule. What the levels that tune them knew is void, and the
  /// next step is limited, where the first was.
  func scaleLearningRate(by factor: Double, stepCount: Int) throws {
    var numbers = try backend.read(0..<values.count, of: values).doubles
    let level = layout.levels[0]
    let own = level.rule.hyperparameters
    for index in 0..<level.hyperparameterCount where own[index % own.count].isLearningRate {
      let (domain, place) = (own[index % own.count].domain, level.hyperparameters + index)
      numbers[place] = domain.raw(domain.natural(numbers[place]) * factor)
    }
    layout.restartTuning(&numbers)
    if layout.stepLimit != nil {
      layout.evaluateUniforms(step: stepCount + 1, of: &numbers)
      try backend.write(.int32([1]), to: counters, at: TowerLayout.Counter.limit)
    }
    try backend.write(.float64(numbers), to: values, at: 0)
  }

  /// The length of the run that schedules follow; nil if none does.
  var followedLength: Int? {
    get throws {
      try layout.plannedStepsOffset.map { offset in
        Int(exactly: try backend.read(offset..<offset + 1, of: values).doubles[0].rounded()) ?? 0
      }
    }
  }

  /// Lets schedules follow this run's length after a checkpoint was read.
  ///
  /// - Returns: the length that they followed, if it was another.
  func takePlannedSteps() throws -> Int? {
    guard let offset = layout.plannedStepsOffset else { return nil }
    let known = try backend.read(offset..<offset + 1, of: values).doubles[0]
    guard known != Double(Float(layout.plannedSteps)), known != Double(layout.plannedSteps) else {
      return nil
    }
    try backend.write(.float64([Double(layout.plannedSteps)]), to: values, at: offset)
    return Int(exactly: known.rounded()) ?? 0
  }
}
