import ArgumentParser
import Hypertower

/// How long to train: a number of epochs or a number of steps.
struct TrainingLength: ParsableArguments {
  @Option(help: "How many times to go through the training data; default: 1.")
  var epochs: Int?

  @Option(help: "How many batches to train on, in place of --epochs.")
  var steps: Int?

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
  /// - Throws: `Failure` for more steps than a run can have.
  func stepCount(stepsPerEpoch: Int) throws -> Int {
    let (count, overflows) =
      steps.map { ($0, false) } ?? (epochs ?? 1).multipliedReportingOverflow(by: stepsPerEpoch)
    guard !overflows, count <= Trainer.greatestStepCount else {
      let option = steps.map { "--steps \($0)" } ?? "--epochs \(epochs ?? 1)"
      throw Failure(
        .usage, "\(option) is out of range: a run has at most \(Trainer.greatestStepCount) steps")
    }
    return count
  }
}
