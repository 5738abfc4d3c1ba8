/// What the device has noted of the latest steps.
extension Trainer {
  /// Reads the records of the last `count` steps and stops if one of them diverged.
  func readRecords(_ count: Int, _ report: (([StepRecord]) throws -> Void)?) throws {
    let backend = device.backend
    let counters = try backend.read(0..<TowerLayout.Counter.count, of: state.counters).doubles
    let divergence = Int(counters[TowerLayout.Counter.divergence])
    let end = divergence > 0 ? divergence - 1 : stepCount
    if let report, end > stepCount - count {
      try report(try records(of: stepCount - count..<end))
    }
    try throwDivergence(counters)
  }

  /// Reads records out of the ring, which they may lie across the end of.
  private func records(of steps: Range<Int>) throws -> [StepRecord] {
    let (size, capacity) = (state.recordSize, state.recordCapacity)
    let first = steps.lowerBound % capacity
    let atEnd = Swift.min(steps.count, capacity - first)
    var values = try device.backend.read(
      first * size..<(first + atEnd) * size, of: state.records
    ).doubles
    if atEnd < steps.count {
      values += try device.backend.read(
        0..<(steps.count - atEnd) * size, of: state.records
      ).doubles
    }
    return steps.enumerated().map { number, step in
      StepRecord(
        step: step, values: values[number * size..<(number + 1) * size], groups: state.groups)
    }
  }

  /// Throws if a step has diverged, or the last one has left weights that are not finite: the loss
  /// would show that only in the step after.
  public func checkFinite() throws {
    let counters = try device.backend.read(0..<TowerLayout.Counter.count, of: state.counters)
      .doubles
    try throwDivergence(counters)
    if try !state.weightsAreFinite() {
      throw divergenceError(step: stepCount, .parameters(level: 0))
    }
  }

  /// Throws if the device has noted a step that diverged.
  private func throwDivergence(_ counters: [Double]) throws {
    let step = Int(counters[TowerLayout.Counter.divergence]) - 1
    guard step >= 0 else { return }
    let (cause, group) = try state.divergence(step: step, stepCount: stepCount)
    throw divergenceError(step: step, cause, in: group)
  }

  /// - Parameter group: where it began; default: a cause that concerns them all.
  func divergenceError(
    step: Int, _ cause: DivergenceError.Cause, in group: MovingGroup? = nil
  ) -> DivergenceError {
    DivergenceError(
      step: step, cause: cause,
      rules: (group ?? state.groups[0]).layout.levels.map(\.rule.name), group: group?.name)
  }
}
