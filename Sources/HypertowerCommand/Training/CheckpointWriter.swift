import Glibc
import Hypertower

/// Writes a run's checkpoints, and the best weights so far, if that can be measured; see `Measure.scoreKey`.
final class CheckpointWriter {
  let folder: CheckpointFolder
  /// After how many steps a checkpoint is due; nil: after each epoch, but not too often.
  let interval: Int?
  private let settings: TrainingSettings
  /// The name of the run.
  private let run: String
  private let description: WeightsDescription
  private let measure: Measure?
  private var best: (score: Double, step: Int)?
  private var lastSave = ContinuousClock.now

  /// The least time from one checkpoint to the next where no interval is given, so that small epochs
  /// are not spent on checkpoints.
  private static let leastTime = Duration.seconds(10)

  private static let bestPrefix = "best_"
  private static let bestStepKey = bestPrefix + "step"
  private static let logLineKey = "log_line"
  private let bestScoreKey: String

  /// The file of the best weights.
  private var bestPath: String { "\(folder.path)/\(CheckpointFolder.bestName)" }

  /// - Parameters:
  ///   - run: the name of the run.
  ///   - measure: what decides which weights are the best; nil: no weights are.
  ///   - resumed: the checkpoint that the run goes on from.
  /// - Throws: `InputError(.cannotWrite)`, also if there are best weights of another run.
  init(
    _ folder: CheckpointFolder, every interval: Int?, settings: TrainingSettings, run: String,
    description: WeightsDescription, measure: Measure?, resumed: SafetensorsFile? = nil
  ) throws {
    self.folder = folder
    self.interval = interval
    self.settings = settings
    self.run = run
    self.description = description
    self.measure = measure
    bestScoreKey = Self.bestPrefix + "\(measure?.scoreKey ?? "accuracy_percent")"
    let bestStep = resumed?.metadata[Self.bestStepKey].flatMap { Int($0) }
    if let bestStep, let score = resumed?.metadata[bestScoreKey].flatMap({ Double($0) }) {
      best = (score, bestStep)
    }
    // Earlier versions chose the best weights of text by another score, which is not compared.
    guard bestStep != nil || access(bestPath, F_OK) != 0 else {
      throw InputError(
        .cannotWrite,
        "\(bestPath): is not of this run, which would replace it: move the file away")
    }
  }

  /// The number of steps from `step` to the next checkpoint; nil if it is too early for one.
  func stepsUntilDue(after step: Int, stepsPerEpoch: Int) -> Int? {
    guard interval != nil || ContinuousClock.now - lastSave >= Self.leastTime else { return nil }
    let interval = interval ?? stepsPerEpoch
    return interval - step % interval
  }

  /// Writes where the trainer stands.
  ///
  /// - Parameters:
  ///   - last: the last step, by whose line the run's log is known again.
  ///   - watched: what the run's watchers keep.
  /// - Throws: `DivergenceError` if that is nothing to go on from; `InputError(.cannotWrite)`.
  func save(_ trainer: Trainer, last: StepRecord?, _ watched: [[String: String]]) throws {
    defer { lastSave = .now }
    let checkpoint = try trainer.checkpoint()
    var (newBest, isBest) = (best, false)
    if let measure {
      let score = measure.score(
        try measure.evaluation(of: trainer))
      isBest = best.map { measure.isBetter(score, than: $0.score) } ?? score.isFinite
      if isBest { newBest = (score, trainer.stepCount) }
    }
    var metadata = checkpoint.metadata.merging(try settings.metadata) { $1 }
      .merging(description.metadata) { $1 }.merging(RunName.metadata(run)) { $1 }
    metadata[bestScoreKey] = newBest.map { "\($0.score)" }
    metadata[Self.bestStepKey] = newBest.map { "\($0.step)" }
    metadata[Self.logLineKey] = last.map { StepLine.hash(StepLine.text($0).utf8) }
    for own in watched { metadata.merge(own) { $1 } }
    metadata["device"] = trainer.device.description
    metadata["version"] = Version.text
    try folder.write(
      SafetensorsFile(checkpoint.entries, metadata: metadata), step: trainer.stepCount)
    // Only now: a folder with best weights has a checkpoint to go on from.
    if isBest { try saveBest(trainer) }
    // What could not be written is tried again with the next weights that are better.
    best = newBest
  }

  private func saveBest(_ trainer: Trainer) throws {
    try description.describe(trainer.weights()).write(to: bestPath)
  }

  /// The best measurement that a checkpoint tells, and its step; nil if there is none.
  static func best(in checkpoint: SafetensorsFile) -> (key: String, value: Double, step: Int)? {
    guard let step = checkpoint.metadata[bestStepKey].flatMap({ Int($0) }) else { return nil }
    return checkpoint.metadata.sorted { $0.key < $1.key }.lazy.compactMap { key, text in
      let name = String(key.dropFirst(bestPrefix.count))
      guard key.hasPrefix(bestPrefix), Measure.isKey(name), let value = Double(text) else {
        return nil
      }
      return (name, value, step)
    }.first
  }

  /// The hash of the last line that a run's log had when a checkpoint was written; nil if it is not
  /// known.
  static func logLine(_ checkpoint: SafetensorsFile) -> String? { checkpoint.metadata[logLineKey] }

  /// Writes the best weights anew if the run was cut off before they were in place.
  func completeBest(_ trainer: Trainer) throws {
    if best?.step == trainer.stepCount { try saveBest(trainer) }
  }
}
