/// Lines every so many steps, for a pipe or a file.
final class ProgressLines: ProgressDisplay {
  /// About how many lines an epoch gets; a run of many epochs gets one each at least.
  private static let linesPerRun = 20

  private let interval: Int
  private let stepsPerEpoch: Int

  init(steps: Int, stepsPerEpoch: Int) {
    self.stepsPerEpoch = stepsPerEpoch
    interval = max(1, min(steps / Self.linesPerRun, stepsPerEpoch))
  }

  func stepsUntilNext(after step: Int) -> Int? { interval - step % interval }

  func show(_ progress: Progress) {
    let isDue =
      progress.step % interval == 0 || progress.step == progress.steps
      || progress.step % stepsPerEpoch == 0
    guard isDue else { return }
    var parts = ["step \(progress.step)/\(progress.steps)"]
    if progress.epochs > 1 { parts.append("epoch \(progress.epoch)/\(progress.epochs)") }
    // The more hyperparameters a level has, the less a line of all of them tells.
    Console.note((parts + progress.parts.prefix(12)).joined(separator: "  ") + "\n")
  }

  func finish() {}
}
