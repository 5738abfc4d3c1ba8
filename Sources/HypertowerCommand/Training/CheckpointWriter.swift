import Hypertower

/// Writes a run's checkpoints, and the weights with the best accuracy so far, if it can be measured.
final class CheckpointWriter {
  let folder: CheckpointFolder
  /// After how many steps a checkpoint is due.
  let interval: Int
  private let settings: TrainingSettings
  private let measure: Measure?
  private var best: (accuracy: Double, step: Int)?

  private static let bestStepKey = "best_step"
  private let bestAccuracyKey: String

  /// The file of the best weights.
  private var bestPath: String { "\(folder.path)/best.safetensors" }

  /// - Parameters:
  ///   - measure: what decides which weights are the best; nil: no weights are.
  ///   - resumed: the checkpoint that the run goes on from.
  init(
    _ folder: CheckpointFolder, every interval: Int, settings: TrainingSettings,
    measure: Measure?, resumed: SafetensorsFile? = nil
  ) {
    self.folder = folder
    self.interval = interval
    self.settings = settings
    self.measure = measure
    bestAccuracyKey = "best_\(measure?.accuracyKey ?? "accuracy_percent")"
    if let accuracy = resumed?.metadata[bestAccuracyKey].flatMap({ Double($0) }),
      let step = resumed?.metadata[Self.bestStepKey].flatMap({ Int($0) })
    {
      best = (accuracy, step)
    }
  }

  /// Writes where the trainer stands.
  ///
  /// - Throws: `DivergenceError` if that is nothing to go on from; `InputError(.cannotWrite)`.
  func save(_ trainer: Trainer) throws {
    let checkpoint = try trainer.checkpoint()
    if let measure {
      let accuracy = try trainer.accuracy(on: measure.data)
      if best.map({ accuracy > $0.accuracy }) ?? true {
        try trainer.save(bestPath)
        best = (accuracy, trainer.stepCount)
      }
    }
    var metadata = checkpoint.metadata.merging(try settings.metadata) { $1 }
    metadata[bestAccuracyKey] = best.map { "\($0.accuracy)" }
    metadata[Self.bestStepKey] = best.map { "\($0.step)" }
    metadata["device"] = trainer.device.description
    metadata["version"] = Version.text
    try folder.write(
      SafetensorsFile(checkpoint.entries, metadata: metadata), step: trainer.stepCount)
  }
}
