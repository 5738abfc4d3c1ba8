import ArgumentParser

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
  func stepCount(stepsPerEpoch: Int) throws -> Int {
    if let steps { return steps }
    let (count, overflows) = (epochs ?? 1).multipliedReportingOverflow(by: stepsPerEpoch)
    guard !overflows else {
      throw Failure(.usage, "--epochs \(epochs ?? 1) is out of range: that is too many steps")
    }
    return count
  }
}
