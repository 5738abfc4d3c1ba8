import ArgumentParser
import Hypertower

/// How long to train: a number of epochs or a number of steps.
struct TrainingLength: ParsableArguments {
  @Option(
    help: "How many times to go through the training data; default: 1, of a table \(tableEpochs).")
  var epochs: Int?

  @Option(help: "How many batches to train on, in place of --epochs.")
  var steps: Int?

  /// How many times a table is gone through unless the user says otherwise.
  static let tableEpochs = 30

  func validate() throws {
    if epochs != nil && steps != nil {
      throw ValidationError("--epochs and --steps exclude each other: give one of them")
    }
    if let epochs, epochs < 0 {
      throw ValidationError("--epochs \(epochs) is out of range: it must be 0 or more")
    }
    if let steps, steps < 0 {
      throw ValidationError("--steps \(steps) is out of range: it must be 0 or more")
    }
  }

  /// The number of steps where an epoch has `stepsPerEpoch`.
  ///
  /// - Parameter defaultEpochs: how many epochs there are if none are given; default: 1.
  /// - Throws: `Failure` for more steps than a run can have.
  func stepCount(stepsPerEpoch: Int, defaultEpochs: Int = 1) throws -> Int {
    let (count, overflows) =
      steps.map { ($0, false) }
      ?? (epochs ?? defaultEpochs).multipliedReportingOverflow(by: stepsPerEpoch)
    guard !overflows, count <= Trainer.greatestStepCount else {
      let option = steps.map { "--steps \($0)" } ?? "--epochs \(epochs ?? defaultEpochs)"
      throw Failure(
        .usage, "\(option) is out of range: a run has at most \(Trainer.greatestStepCount) steps")
    }
    return count
  }
}
