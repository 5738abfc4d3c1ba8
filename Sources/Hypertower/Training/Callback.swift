/// What is to be done again and again while a model trains.
///
/// ```swift
/// try trainer.train(
///   on: data, batchSize: 100, steps: 2000,
///   callbacks: [
///     .everySteps(100) { print($0.record.step, $0.meanLoss) },
///     .everyEpochs { pause in
///       try pause.trainer.save("epoch-\(pause.epoch).safetensors")
///       if try pause.trainer.accuracy(on: validation) > 99 { pause.stop() }
///     },
///   ])
/// ```
///
/// A callback that only looks does not change a run: the steps have the same bits as without it. Each call waits for
/// the device; the `report` of `train` reads the records of many steps at once and costs less.
public struct Callback {
  private enum Moment {
    case steps(Int)
    case epochs(Int)
  }

  private let moment: Moment
  let body: (TrainingPause) throws -> Void

  /// A callback after every `interval` steps: those whose count from the run's beginning is a multiple of it.
  ///
  /// - Parameters:
  ///   - interval: ≥ 1; default: every step.
  ///   - body: what is done. What it throws ends the training.
  public static func everySteps(
    _ interval: Int = 1, _ body: @escaping (_ pause: TrainingPause) throws -> Void
  ) -> Callback {
    require(interval >= 1, "everySteps: \(interval) is not 1 or more")
    return Callback(moment: .steps(interval), body: body)
  }

  /// A callback after the last batch of every `interval` epochs.
  ///
  /// - Parameters:
  ///   - interval: ≥ 1; default: every epoch.
  ///   - body: what is done. What it throws ends the training.
  public static func everyEpochs(
    _ interval: Int = 1, _ body: @escaping (_ pause: TrainingPause) throws -> Void
  ) -> Callback {
    require(interval >= 1, "everyEpochs: \(interval) is not 1 or more")
    return Callback(moment: .epochs(interval), body: body)
  }

  /// The number of steps to the next call.
  ///
  /// - Parameters:
  ///   - step: how many were taken since the run's beginning.
  ///   - batch: the number of the next batch, counted over epochs.
  func stepsUntilDue(after step: Int, batch: Int, stepsPerEpoch: Int) -> Int {
    switch moment {
    case .steps(let interval): interval - step % interval
    case .epochs(let interval): interval * stepsPerEpoch - batch % (interval * stepsPerEpoch)
    }
  }
}

/// Training between two steps, as a callback sees it.
public final class TrainingPause {
  /// What is being trained. A callback may evaluate, save and change the step size, but not train, restart or resume.
  public let trainer: Trainer
  /// The last step: its number, its loss, and the hyperparameters after it.
  public let record: StepRecord
  /// The mean of the losses of all steps since the callback's last call or the training's beginning, in the loss's unit.
  public let meanLoss: Double
  /// The number of the last step's epoch, from 0.
  public let epoch: Int
  private(set) var isStopped = false

  init(_ trainer: Trainer, after record: StepRecord, meanLoss: Double, epoch: Int) {
    (self.trainer, self.record) = (trainer, record)
    (self.meanLoss, self.epoch) = (meanLoss, epoch)
  }

  /// Ends the training here, once the other callbacks that are due have been called.
  ///
  /// The trainer keeps its place: the next call of `train` goes on from there.
  public func stop() { isStopped = true }
}
