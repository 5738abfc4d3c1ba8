/// Changes from outside, in mid-run.
extension TrainingState {
  /// Multiplies the step sizes of the bottom rules. What the levels that tune them knew is void, and the
  /// next step is limited, where the first was.
  func scaleLearningRate(by factor: Double, stepCount: Int) throws {
    for group in groups {
      let layout = group.layout
      var numbers = try backend.read(0..<group.values.count, of: group.values).doubles
      let level = layout.levels[0]
      let own = level.rule.hyperparameters
      for index in 0..<level.hyperparameterCount where own[index % own.count].isLearningRate {
        let (domain, place) = (own[index % own.count].domain, level.hyperparameters + index)
        numbers[place] = domain.raw(domain.natural(numbers[place]) * factor)
      }
      layout.restartTuning(&numbers)
      if layout.stepLimit != nil { layout.evaluateUniforms(step: stepCount + 1, of: &numbers) }
      try backend.write(.float64(numbers), to: group.values, at: 0)
    }
    if options.firstStep != nil {
      try backend.write(.int32([1]), to: counters, at: TowerLayout.Counter.limit)
    }
  }

  /// The length of the run that schedules follow; nil if none does.
  var followedLength: Int? {
    get throws {
      for group in groups {
        guard let offset = group.layout.plannedStepsOffset else { continue }
        let number = try backend.read(offset..<offset + 1, of: group.values).doubles[0]
        return Int(exactly: number.rounded()) ?? 0
      }
      return nil
    }
  }

  /// Lets schedules follow this run's length after a checkpoint was read.
  ///
  /// - Returns: the length that they followed, if it was another.
  func takePlannedSteps() throws -> Int? {
    var other: Int?
    for group in groups {
      let planned = group.layout.plannedSteps
      guard let offset = group.layout.plannedStepsOffset else { continue }
      let known = try backend.read(offset..<offset + 1, of: group.values).doubles[0]
      guard known != Double(Float(planned)), known != Double(planned) else { continue }
      try backend.write(.float64([Double(planned)]), to: group.values, at: offset)
      other = Int(exactly: known.rounded()) ?? 0
    }
    return other
  }
}
