extension Trainer {
  /// Everything that training has moved and where it stands, so that a run can go on from there bit by
  /// bit: the weights under their names and in their declared shapes, as evaluation sees them, and under
  /// names that begin with `training.` what else a step starts from; where an average is kept, the
  /// weights of now are among that.
  ///
  /// The metadata holds the number of steps, the place in the shuffled data, and the tower with the
  /// hyperparameters of now.
  ///
  /// - Throws: `DivergenceError` if the weights or a hyperparameter are not finite: such a state is
  ///   nothing to go on from.
  public func checkpoint() throws -> SafetensorsFile {
    try checkFinite()
    let own = try state.tensorsBesideWeights().map { name, values -> SafetensorsFile.Entry in
      switch values {
      case .float64(let values): .init(name: name, shape: [values.count], doubles: values)
      case let values: .init(name: name, shape: [values.count], floats: values.floats)
      }
    }
    var metadata = [
      CheckpointKey.format: CheckpointKey.version, CheckpointKey.step: "\(stepCount)",
      CheckpointKey.seed: "\(seed)", CheckpointKey.rules: rules,
      CheckpointKey.tower: try tower.description,
    ]
    metadata[CheckpointKey.firstStep] = state.options.firstStep.map { "\($0)" }
    if try stepCount > 0 && state.limitsNext { metadata[CheckpointKey.limitsNext] = "true" }
    metadata[CheckpointKey.average] = state.options.average?.description
    if let position {
      metadata[CheckpointKey.batch] = "\(position.batch)"
      metadata[CheckpointKey.epoch] = "\(position.epoch)"
      metadata[CheckpointKey.batchSize] = "\(position.batchSize)"
      metadata[CheckpointKey.isShuffled] = "\(position.isShuffled)"
    }
    return SafetensorsFile(try weights().entries + own, metadata: metadata)
  }

  /// Goes on from a checkpoint: the next step is the one that would have followed it.
  ///
  /// - Parameters:
  ///   - file: what `checkpoint()` has made of a trainer of the same model and the same rules, on a
  ///     device of the same precision.
  ///   - source: what error messages call the file.
  ///   - data: the data set that training went over, and goes on with.
  ///   - warn: is told in a line if the run that schedules follow had another length; they then follow
  ///     this trainer's; default: prints to the standard error stream.
  /// - Throws: `InputError` naming what is missing, does not fit, or is not finite; the trainer is then
  ///   as it was.
  public func resume(
    from file: SafetensorsFile, source: String = "checkpoint", on data: Dataset,
    warn: ((String) -> Void)? = nil
  ) throws {
    let fields = CheckpointFields(file, source: source)
    guard file.metadata[CheckpointKey.format] == CheckpointKey.version else {
      throw InputError(
        .badData,
        "\(source): is no checkpoint of this version: it has no "
          + "'\(CheckpointKey.format)' of \(CheckpointKey.version)")
    }
    guard try fields.text(CheckpointKey.rules) == rules else {
      throw InputError(
        .badData,
        "\(source): was made with the rules \(try fields.text(CheckpointKey.rules)), not \(rules)")
    }
    for (key, own) in [
      (CheckpointKey.firstStep, state.options.firstStep.map { "\($0)" }),
      (CheckpointKey.average, state.options.average?.description),
    ] where file.metadata[key] != own {
      throw InputError(
        .badData,
        "\(source): was made with \(key) \(file.metadata[key] ?? "none"), and this trainer has "
          + "\(own ?? "none"): give it the same")
    }
    let step = try fields.integer(CheckpointKey.step, in: 0...Self.greatestStepCount)
    guard let seed = UInt64(try fields.text(CheckpointKey.seed)) else {
      throw fields.fault(CheckpointKey.seed)
    }
    var position: Position?
    if file.metadata[CheckpointKey.batch] != nil {
      position = Position(
        dataset: ObjectIdentifier(data.identity),
        batchSize: try fields.integer(CheckpointKey.batchSize, in: 1...data.count),
        isShuffled: try fields.bool(CheckpointKey.isShuffled),
        batch: try fields.integer(CheckpointKey.batch, in: 0...Int(Int32.max)),
        epoch: try fields.integer(CheckpointKey.epoch, in: 0...Int(Int32.max)))
    }
    let names = Set(state.parameters.map(\.name) + state.contents.states.map(\.name))
    let target = try state.suited(to: file.entries.map(\.name))
    let own = try target.tensorsBesideWeights()
    let arrays = try own.map { name, current -> HostArray in
      guard let entry = file[name], entry.shape == [current.count] else {
        throw InputError(
          .badData,
          "\(source): tensor '\(name)' is missing or not of the \(current.count) elements that the "
            + "model and its tower need")
      }
      switch (current, entry.elementType) {
      case (.float64, .float64): return .float64(entry.doubles())
      case (.float32, .float32): return .float32(entry.floats())
      default:
        throw InputError(
          .badData,
          "\(source): was made in \(entry.elementType == .float64 ? "float64" : "float32"), which "
            + "\(device) does not compute in; choose the device it was made on")
      }
    }
    if let missing = names.sorted().first(where: { file[$0] == nil }) {
      throw InputError(.badData, "\(source): tensor '\(missing)' is missing")
    }
    let known = names.union(own.map(\.name))
    if let other = file.entries.first(where: { !known.contains($0.name) }) {
      throw InputError(.badData, "\(source): tensor '\(other.name)' does not belong to the model")
    }
    let before = state
    if target !== before { try adopt(target) }
    do {
      try setWeights(file, source: source)
    } catch {
      if target !== before { try adopt(before) }
      throw error
    }
    try state.setTensorsBesideWeights(arrays)
    if let steps = try state.takePlannedSteps() {
      (warn ?? printToStandardError)(
        "\(source): was planned for \(steps) steps; its schedules now follow the run's "
          + "\(state.layout.plannedSteps)")
    }
    try state.setCounters(
      step: step, batch: position?.batch ?? 0, seed: seed,
      limitsNext: state.layout.stepLimit != nil
        && (step == 0 || file.metadata[CheckpointKey.limitsNext] != nil))
    self.seed = seed
    self.position = position
    stepCount = step
  }

  /// The names of the tower's rules, with their schedules.
  private var rules: String {
    state.layout.levels.map { level in
      let schedules = (level.rule.hyperparameters + level.rule.constants).compactMap { own in
        own.curve.map { "\(own.name)=\($0.text(of: nil))" }
      }
      return level.rule.name
        + (schedules.isEmpty ? "" : "(\(schedules.joined(separator: ", ")))")
    }.joined(separator: " / ")
  }
}

/// The names of a checkpoint's metadata.
enum CheckpointKey {
  /// How the names of tensors beside the weights begin.
  static let tensorPrefix = "training."
  static let format = "hypertower_checkpoint"
  static let version = "1"
  static let step = "step"
  static let seed = "seed"
  static let rules = "rules"
  static let tower = "tower"
  static let firstStep = "first_step"
  static let limitsNext = "limits_next_step"
  static let average = "average"
  static let batch = "batch"
  static let epoch = "epoch"
  static let batchSize = "batch_size"
  static let isShuffled = "shuffled"
}

/// A checkpoint's metadata, checked.
private struct CheckpointFields {
  private let metadata: [String: String]
  private let source: String

  init(_ file: SafetensorsFile, source: String) {
    metadata = file.metadata
    self.source = source
  }

  func text(_ key: String) throws -> String {
    guard let value = metadata[key] else { throw fault(key) }
    return value
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
    guard let value = Int(try text(key)), range.contains(value) else { throw fault(key) }
    return value
  }

  func bool(_ key: String) throws -> Bool {
    guard let value = Bool(try text(key)) else { throw fault(key) }
    return value
  }

  func fault(_ key: String) -> InputError {
    let found = metadata[key].map { "'\($0)'" } ?? "missing"
    return InputError(.badData, "\(source): '\(key)' of the metadata is \(found) or out of range")
  }
}
