import Collectives
import Datasets
import Hypertower

/// What a run's results depend on, as given or as a checkpoint has it.
extension TrainCommand {
  /// What a run is made of, before anything is written.
  ///
  /// - Throws: `InputError` or `Failure` for data and settings that do not go together.
  func preparation(
    _ resumed: ResumedRun?, _ choice: ModelChoice, _ optimization: Optimization,
    _ textPath: String?, _ ranks: Ranks?
  ) throws -> (
    Device, TrainingData, TrainingSettings, stepsPerEpoch: Int, NetworkDescription,
    NetworkDescription.Network
  ) {
    let device = try device.device()
    let data = try data(for: choice, textPath, resumed)
      .weighted(by: resumed?.settings.classWeights ?? classWeights)
    var settings = try settings(of: resumed, choice, optimization, data)
    if resumed == nil {
      settings.shards = shards ?? ranks?.collective.size
      settings.synchronizesBatchNorm = syncBatchNorm ? true : nil
    }
    if settings.shards == 1 { settings.shards = nil }
    // Of a batch in one piece, statistics are the batch's.
    if settings.shards == nil { settings.synchronizesBatchNorm = nil }
    let stepsPerEpoch = (data.train.count + settings.batchSize - 1) / settings.batchSize
    try settleEvaluations(in: &settings, data, stepsPerEpoch: stepsPerEpoch)
    let description = NetworkDescription(choice: choice, input: data.input)
    let network = try description.network(classWeights: data.classWeights?.values)
      .augmented(
        by: settings.augment.map { try Augmentation($0) }, shape: description.samples?.shape)
    return (device, data, settings, stepsPerEpoch, description, network)
  }

  /// Everything that the results depend on, as options.
  func resolved(
    _ settings: TrainingSettings, _ choice: ModelChoice, on device: Device
  ) -> [SettingsOption] {
    // The interval of checkpoints is that of the states to which such a run goes back.
    let interval = checkpoint.onDivergence == .restore ? checkpoint.interval : nil
    let others: [SettingsOption?] = [
      .init("on-divergence", checkpoint.onDivergence.rawValue),
      .init("checkpoint-every", interval), .init("device", device.name),
      .init("no-fusion", .flag(self.device.noFusion)),
    ]
    return settings.options(choice: choice) + others.compactMap { $0 }
  }

  /// What a resumed run takes from its checkpoint is not given anew.
  func refuseSettings() throws {
    let given =
      tower.given + model.given
      + [
        ("--batch-size", batchSize != nil), ("--shards", shards != nil),
        ("--sync-batchnorm", syncBatchNorm),
        ("--no-shuffle", noShuffle), ("--seed", seed != nil),
        ("--init", initialWeights != nil), ("--class-weights", classWeights != nil),
        ("--augment", augment != nil),
      ].filter(\.1).map(\.0)
      // The data may have moved.
      + data.given.filter { $0 != "--data" } + target.given + imageFiles.given + split.given
    guard given.isEmpty else {
      throw Failure(
        .usage,
        "\(given.joined(separator: ", ")) cannot be given with --resume: the run goes on with the "
          + "settings that it began with; its length may be given, by --epochs or --steps")
    }
  }

  /// What the run reads and must not write over, with the options that name it.
  ///
  /// - Parameter settings: those of a resumed run.
  func inputs(_ settings: TrainingSettings?) -> [(option: String, path: String)] {
    let data = data.path ?? settings?.data
    let targets = target.target ?? settings?.table?.target
    let isArray = data.map { DataFormat(of: $0) } == .array
    return [
      ("--data", data), ("--target", isArray ? targets : nil),
      ("--text", text.path ?? settings?.text), ("--optimizer-from", tower.source),
      ("--config", config.path),
    ].compactMap { option, path in path.map { (option, $0) } }
  }

  /// The path of the text; nil if the model is one of images.
  func textPath(for kind: ModelKind, _ resumed: ResumedRun?) throws -> String? {
    var text = text
    text.path = text.path ?? resumed?.settings.text
    return try text.path(
      for: kind, besides: data.given + target.given + imageFiles.given + split.given)
  }

  /// The data; those of a resumed run are understood as when it began, and lie where they lay then
  /// unless another place is given.
  func data(
    for choice: ModelChoice, _ textPath: String?, _ resumed: ResumedRun?
  ) throws -> TrainingData {
    let isMoved = data.path != nil || text.path != nil
    do {
      var source = data.source(target.table, imageFiles.options, split: split.split)
      if let settings = resumed?.settings {
        source.path = source.path ?? settings.data
        source.classCount = settings.classes
        source.scale = settings.scale
        source.table = settings.table ?? TableOptions()
        source.split = settings.split
        source.images = settings.images ?? ImageOptions()
      }
      return try TrainingData(for: choice, textPath: textPath, source)
    } catch let error as InputError
      where error.kind == .missingInput && resumed != nil && !isMoved
    {
      throw InputError(
        .missingInput,
        "\(error.message); the run in \(resumed!.folder.path) had its data there: if they have moved, "
          + (textPath == nil ? "give their place by --data" : "give their file by --text"))
    }
  }

  func settings(
    of resumed: ResumedRun?, _ choice: ModelChoice, _ optimization: Optimization,
    _ data: TrainingData
  ) throws -> TrainingSettings {
    let batchSize =
      resumed?.settings.batchSize ?? batchSize ?? data.defaultBatchSize(for: choice)
    guard batchSize > 0, batchSize <= data.train.count else {
      throw Failure(
        .usage,
        "--batch-size \(batchSize) is out of range: it must lie in 1...\(data.train.count), the "
          + "number of samples to train on")
    }
    let stepsPerEpoch = (data.train.count + batchSize - 1) / batchSize
    if let resumed {
      var settings = resumed.settings
      guard settings.dataHash == data.fingerprint else {
        let place = text.path ?? settings.text ?? self.data.path ?? settings.data
        throw InputError(
          .badData,
          "\(place ?? "the embedded MNIST"): is other data than the run in \(resumed.folder.path) began "
            + "with: give "
            + (choice.kind.isOfText
              ? "its file by --text; if it is the same text, an earlier version began the run, which cut "
                + "texts at other places: begin a new one"
              : "it by --data"))
      }
      if length.epochs != nil || length.steps != nil {
        settings.steps = try length.stepCount(stepsPerEpoch: stepsPerEpoch)
      }
      settings.data = (self.data.path ?? settings.data).map(absolutePath)
      settings.text = (text.path ?? settings.text).map(absolutePath)
      return settings
    }
    let isTable = data.encoding?.table != nil
    return TrainingSettings(
      optimization: optimization, data: self.data.path.map(absolutePath),
      text: text.path.map(absolutePath), classes: self.data.classCount, scale: self.data.scale,
      split: split.split, table: target.given.isEmpty ? nil : findableTable,
      images: imageFiles.given.isEmpty ? nil : imageFiles.options, classWeights: classWeights,
      augment: augment, initialWeights: initialWeights.map(absolutePath),
      // Only a checkpoint needs it.
      dataHash: checkpoint.folder == nil ? "" : data.fingerprint,
      hidden: choice.sizes[.hidden] ?? [], batchSize: batchSize, isShuffled: !noShuffle,
      seed: seed ?? 0,
      steps: try length.stepCount(
        stepsPerEpoch: stepsPerEpoch, defaultEpochs: isTable ? TrainingLength.tableEpochs : 1))
  }

  /// How a table is understood, with the path of an array's targets as it is found from any working folder.
  private var findableTable: TableOptions {
    var table = target.table
    if let path = data.path, DataFormat(of: path) == .array {
      table.target = table.target.map(absolutePath)
    }
    return table
  }
}
