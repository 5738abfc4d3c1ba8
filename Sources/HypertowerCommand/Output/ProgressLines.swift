/// Lines for a pipe or a file: one a second at most, and one every ten seconds at least.
final class ProgressLines: ProgressDisplay {
  private static let leastInterval = Duration.seconds(1)
  private static let greatestInterval = Duration.seconds(10)
  /// Apart from the greatest interval, a run gets about so many lines, or one an epoch.
  private static let linesPerRun = 20

  private let stepsPerLine: Int
  private let write: (String) -> Void
  private var lastLine: ContinuousClock.Instant
  private var lastStep: Int

  /// - Parameters:
  ///   - step: the number of steps taken so far.
  ///   - steps: the number of steps of the whole run.
  ///   - now: the time at which the run begins.
  ///   - write: writes a line; default: to standard error.
  init(
    after step: Int, of steps: Int, stepsPerEpoch: Int, at now: ContinuousClock.Instant = .now,
    write: @escaping (String) -> Void = { Console.note($0 + "\n") }
  ) {
    stepsPerLine = max(1, min(steps / Self.linesPerRun, stepsPerEpoch))
    self.write = write
    lastLine = now
    lastStep = step
  }

  func show(_ progress: Progress, at now: ContinuousClock.Instant) {
    let waited = now - lastLine
    let isNext = progress.step / stepsPerLine > lastStep / stepsPerLine
    guard
      progress.isLast || waited >= Self.greatestInterval || (waited >= Self.leastInterval && isNext)
    else { return }
    (lastLine, lastStep) = (now, progress.step)
    var parts = ["step \(progress.step)/\(progress.steps)"]
    if progress.epochs > 1 { parts.append("epoch \(progress.epoch)/\(progress.epochs)") }
    // The more hyperparameters a level has, the less a line of all of them tells.
    write((parts + progress.parts.prefix(12)).joined(separator: "  "))
  }

  func finish() {}
}
