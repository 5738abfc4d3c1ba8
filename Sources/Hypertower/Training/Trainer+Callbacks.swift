/// Training with callbacks.
extension Trainer {
  /// Trains for some steps, and calls back between them.
  ///
  /// It takes the same steps as `train(on:batchSize:steps:shuffled:reportEvery:report:)`.
  ///
  /// - Parameters:
  ///   - data: the samples.
  ///   - batchSize: the number of samples of a step.
  ///   - steps: how many, unless a callback stops earlier; default: one epoch.
  ///   - shuffled: default: true.
  ///   - callbacks: what is done between steps, in this order where several are due.
  /// - Throws: `DivergenceError` before a callback sees the step that diverged; what the callbacks throw; and the
  ///   errors of training without them.
  public func train(
    on data: Dataset, batchSize: Int, steps: Int? = nil, shuffled: Bool = true,
    callbacks: [Callback]
  ) throws {
    func train(_ count: Int, _ report: @escaping ([StepRecord]) -> Void) throws {
      try self.train(
        on: data, batchSize: batchSize, steps: count, shuffled: shuffled, report: report)
    }
    // Settles which batch comes next.
    try train(0) { _ in }
    let stepsPerEpoch = (data.count + batchSize - 1) / batchSize
    let end = stepCount + (steps ?? stepsPerEpoch)
    require(end >= stepCount, "train: \(steps ?? 0) steps")
    var losses = [LossMean](repeating: LossMean(), count: callbacks.count)
    while stepCount < end {
      let due = callbacks.map {
        $0.stepsUntilDue(after: stepCount, batch: position!.batch, stepsPerEpoch: stepsPerEpoch)
      }
      let next = Swift.min(end, stepCount + (due.min() ?? end - stepCount))
      let count = next - stepCount
      var last: StepRecord?
      try train(count) { records in
        last = records.last ?? last
        for number in losses.indices { losses[number].add(records) }
      }
      guard stepCount == next, let last else { return }
      var isStopped = false
      for (number, callback) in callbacks.enumerated() where due[number] == count {
        let pause = TrainingPause(
          self, after: last, meanLoss: losses[number].value, epoch: position!.epoch)
        losses[number] = LossMean()
        try callback.body(pause)
        require(
          stepCount == next && position != nil,
          "train: a callback has trained, restarted or resumed the trainer that it was called by")
        isStopped = isStopped || pause.isStopped
      }
      if isStopped { return }
    }
  }
}

/// The mean of the losses of some steps.
private struct LossMean {
  private var sum = 0.0
  private var count = 0

  var value: Double { sum / Double(count) }

  mutating func add(_ records: [StepRecord]) {
    sum += records.reduce(0) { $0 + $1.loss }
    count += records.count
  }
}
