import Hypertower

/// Writes a run's checkpoints, and the weights that have done best on the test set so far.
final class CheckpointWriter {
  let folder: CheckpointFolder
  /// After how many steps a checkpoint is due.
  let interval: Int
  private let settings: TrainingSettings
  private let testData: Dataset
  private var best: (accuracy: Double, step: Int)?

  private static let bestAccuracyKey = "best_test_accuracy_percent"
  private static let bestStepKey = "best_step"

  /// The file of the best weights.
  private var bestPath: String { "\(folder.path)/best.safetensors" }

  /// - Parameter resumed: the checkpoint that the run goes on from.
  init(
    _ folder: CheckpointFolder, every interval: Int, settings: TrainingSettings,
    testData: Dataset, resumed: SafetensorsFile? = nil
  ) {
    self.folder = folder
    self.interval = interval
    self.settings = settings
    self.testData = testData
    if let accuracy = resumed?.metadata[Self.bestAccuracyKey].flatMap({ Double($0) }),
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
    let accuracy = try trainer.accuracy(on: testData)
    if best.map({ accuracy > $0.accuracy }) ?? true {
      try trainer.save(bestPath)
      best = (accuracy, trainer.stepCount)
    }
    var metadata = checkpoint.metadata.merging(try settings.metadata) { $1 }
    metadata[Self.bestAccuracyKey] = best.map { "\($0.accuracy)" }
    metadata[Self.bestStepKey] = best.map { "\($0.step)" }
    metadata["device"] = trainer.device.description
    metadata["version"] = Version.text
    try folder.write(
      SafetensorsFile(checkpoint.entries, metadata: metadata), step: trainer.stepCount)
  }
}
