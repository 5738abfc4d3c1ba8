import Glibc
import Hypertower

/// Follows how good a run's weights are: keeps the best in a file, and ends a run that does not get better.
///
/// Which are better, `Measure.scoreKey` says. A run that is resumed goes on as if it had not been cut off, since
/// checkpoints have the best score, and the file says of which run its weights are, and how good.
final class BestWeights: RunWatcher {
  let output = "best weights"

  /// The best weights so far.
  struct Best: Equatable {
    let score: Double
    /// The number of steps that led to them.
    let step: Int
  }

  private(set) var best: Best?
  /// The weights that the file has of this run; nil: none.
  private var written: Best?
  /// The evaluations in a row that were not better than the best.
  private(set) var staleCount = 0
  private let patience: Int?
  private let path: String?
  /// Keeps other runs from the file.
  private var file: ReservedFile?
  private let interval: StepInterval
  private let measure: Measure
  private let description: WeightsDescription
  /// The name of the run.
  private let run: String

  private static let fileStepKey = "step"
  private static let scoreKey = "watched_score"
  private static let stepKey = "watched_step"
  private static let staleKey = "watched_stale"

  /// - Parameters:
  ///   - measure: what the score is measured on.
  ///   - interval: after how many steps it is.
  ///   - patience: after so many evaluations in a row that are not better, the run ends; nil: it does not.
  ///   - file: what the best weights are written to; nil: they are not.
  ///   - run: the name of the run.
  ///   - resumed: the checkpoint that the run goes on from.
  init(
    of measure: Measure, every interval: StepInterval, patience: Int?, file: ReservedFile?,
    description: WeightsDescription, run: String, resumed: SafetensorsFile?
  ) throws {
    (self.measure, self.interval, self.patience) = (measure, interval, patience)
    (self.file, path, self.description, self.run) = (file, file?.path, description, run)
    if resumed != nil { written = try known() }
    guard let metadata = resumed?.metadata,
      let score = metadata[Self.scoreKey].flatMap({ Double($0) }),
      let step = metadata[Self.stepKey].flatMap({ Int($0) })
    else { return }
    best = Best(score: score, step: step)
    staleCount = metadata[Self.staleKey].flatMap { Int($0) } ?? 0
  }

  var checkpointMetadata: [String: String] {
    guard let best else { return [:] }
    return [
      Self.scoreKey: "\(best.score)", Self.stepKey: "\(best.step)", Self.staleKey: "\(staleCount)",
    ]
  }

  var endsRun: Bool { patience.map { staleCount >= $0 } ?? false }

  func stepsUntilDue(after step: Int) -> Int? { interval.stepsUntilDue(after: step) }

  func append(_ records: [StepRecord]) {}

  func look(at trainer: Trainer, isLast: Bool) throws {
    let score = measure.score(try measure.evaluation(of: trainer))
    let own = Best(score: score, step: trainer.stepCount)
    if isBetter(score, than: best) {
      (best, staleCount) = (own, 0)
    } else if interval.isDue(after: trainer.stepCount) {
      // The evaluation after the last step is one more than the patience is counted in.
      staleCount += 1
    }
    try write(own, trainer)
  }

  private func isBetter(_ score: Double, than known: Best?) -> Bool {
    known.map { measure.isBetter(score, than: $0.score) } ?? score.isFinite
  }

  /// Writes the best weights anew if the run was cut off before they were in place.
  func complete(_ trainer: Trainer) throws {
    guard let best, best.step == trainer.stepCount else { return }
    try write(best, trainer)
  }

  /// What a resumed run has written to the file before; nil: nothing that can be known again.
  private func known() throws -> Best? {
    guard let path, (try? AtomicFile.isRegular(path)) == true, access(path, F_OK) == 0 else {
      return nil
    }
    let metadata = try SafetensorsFile(contentsOf: path).metadata
    guard metadata[RunName.key] == run,
      let score = metadata[fileScoreKey].flatMap({ Double($0) }),
      let step = metadata[Self.fileStepKey].flatMap({ Int($0) })
    else {
      Console.warn("--save-best \(path): replacing the weights of another run")
      return nil
    }
    return Best(score: score, step: step)
  }

  private var fileScoreKey: String { "best_\(measure.scoreKey)" }

  /// Whether the run of a checkpoint has ended since its weights did not get better.
  static func endsRun(_ checkpoint: SafetensorsFile, patience: Int?) -> Bool {
    guard let patience, let count = checkpoint.metadata[staleKey].flatMap({ Int($0) }) else {
      return false
    }
    return count >= patience
  }

  /// Writes the weights of now, unless the file has better ones of this run.
  private func write(_ own: Best, _ trainer: Trainer) throws {
    guard let path, isBetter(own.score, than: written) else { return }
    // One that has been written is reserved anew.
    let file = try file ?? ReservedFile(path)
    self.file = nil
    let described = description.describe(try trainer.weights())
    let metadata = [
      RunName.key: run, Self.fileStepKey: "\(own.step)", fileScoreKey: "\(own.score)",
    ]
    let bytes = SafetensorsFile(
      described.entries, metadata: described.metadata.merging(metadata) { $1 }
    ).serialized()
    try Interruption.whileWaiting(for: path) {
      try file.write(bytes) { Interruption.isRequested }
    }
    self.file = try ReservedFile(path)
    written = own
  }

  /// A run that was brought back gets its patience anew.
  func rewind(to step: Int) { staleCount = 0 }

  /// What there is to say when the run has ended.
  var summary: String? {
    (path == nil ? best : written).map { best in
      let score = formatted(measure.scoreFormat, best.score)
      return "best \(measure.scoreName) \(score), after step \(best.step)"
        + (path.map { ": \($0)" } ?? "")
    }
  }

  /// Why the run has ended early.
  func reason(after step: Int) -> String {
    "stopping after step \(step): the \(measure.scoreName) did not get better in "
      + (staleCount == 1 ? "an evaluation" : "\(staleCount) evaluations in a row")
  }
}
