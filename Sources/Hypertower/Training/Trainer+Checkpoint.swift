extension Trainer {
  /// Everything that training has moved and where it stands, so that a run can go on from there bit by
  /// bit: the weights under their names and in their declared shapes, as evaluation sees them, and what else
  /// a step starts from, each under a name of its own: `optimizer.w1.m`, `tower.1.hyperparameter.alpha`,
  /// `tower.0.derivative.w1.alpha`. Where an average is kept, `training.w1` is the weight of now.
  ///
  /// The metadata holds the number of steps, the place in the shuffled data, and the tower with the
  /// hyperparameters of now.
  ///
  /// - Throws: `DivergenceError` if the weights or a hyperparameter are not finite: such a state is
  ///   nothing to go on from.
  public func checkpoint() throws -> SafetensorsFile {
    try checkFinite()
    var metadata = [
      CheckpointKey.format: CheckpointKey.version, CheckpointKey.step: "\(stepCount)",
      CheckpointKey.seed: "\(seed)", CheckpointKey.rules: rules,
      CheckpointKey.constants: constants, CheckpointKey.tower: try tower.description,
    ]
    metadata[CheckpointKey.plannedSteps] = try state.followedLength.map { "\($0)" }
    metadata[CheckpointKey.firstStep] = state.options.firstStep.map { "\($0)" }
    let limitsNext = try state.limitsNext
    if stepCount > 0 && limitsNext { metadata[CheckpointKey.limitsNext] = "true" }
    metadata[CheckpointKey.average] = state.options.average?.description
    if let position {
      metadata[CheckpointKey.batch] = "\(position.batch)"
      metadata[CheckpointKey.epoch] = "\(position.epoch)"
      metadata[CheckpointKey.batchSize] = "\(position.batchSize)"
      metadata[CheckpointKey.isShuffled] = "\(position.isShuffled)"
    }
    let entries = try state.checkpointEntries(stepCount: stepCount, limitsNext: limitsNext)
    return SafetensorsFile(try weights().entries + entries, metadata: metadata)
  }

  /// Goes on from a checkpoint: the next step is the one that would have followed it.
  ///
  /// - Parameters:
  ///   - file: what `checkpoint()` has made of a trainer of the same model and the same rules, on a
  ///     device of the same precision.
  ///   - source: what error messages call the file.
  ///   - data: the data set that training went over, and goes on with.
  ///   - warn: is told in a line if the run that schedules follow had another length, and they then follow
  ///     this trainer's, or if another version has computed the bottom rule's derivatives in another way;
  ///     default: prints to the standard error stream.
  /// - Throws: `InputError` naming what is missing, does not fit, or is not finite; the trainer is then
  ///   as it was.
  public func resume(
    from file: SafetensorsFile, source: String = "checkpoint", on data: Dataset,
    warn: ((String) -> Void)? = nil
  ) throws {
    let reader = CheckpointReader(
      file: file, source: source, device: "\(device)", realSize: device.backend.realSize)
    let fields = reader.fields
    let format = file.metadata[CheckpointKey.format]
    guard format == CheckpointKey.version || format == CheckpointKey.earlierVersion else {
      throw InputError(
        .badData,
        "\(source): is no checkpoint of this version: it has no '\(CheckpointKey.format)' of "
          + "\(CheckpointKey.earlierVersion) or \(CheckpointKey.version)")
    }
    guard try fields.text(CheckpointKey.rules) == rules else {
      throw InputError(
        .badData,
        "\(source): was made with the rules \(try fields.text(CheckpointKey.rules)), not \(rules)")
    }
    // Earlier versions did not write them down.
    if let others = file.metadata[CheckpointKey.constants], others != constants {
      throw InputError(
        .badData,
        "\(source): was made with \(others), and this trainer has \(constants): give it the same constants"
      )
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
    let limitsNext =
      state.options.firstStep != nil
      && (step == 0 || file.metadata[CheckpointKey.limitsNext] != nil)
    let contents =
      format == CheckpointKey.version
      ? try target.contents(of: reader, stepCount: step, limitsNext: limitsNext)
      : try target.contentsOfFormat1(reader)
    if let missing = names.sorted().first(where: { file[$0] == nil }) {
      throw InputError(.badData, "\(source): tensor '\(missing)' is missing")
    }
    let known = names.union(contents.names)
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
    try state.write(contents)
    if let note = contents.note { (warn ?? printToStandardError)(note) }
    if let steps = try state.takePlannedSteps() {
      (warn ?? printToStandardError)(
        "\(source): was planned for \(steps) steps; its schedules now follow the run's "
          + "\(state.options.plannedSteps ?? 1)")
    }
    try state.setCounters(
      step: step, batch: position?.batch ?? 0, seed: seed, limitsNext: limitsNext)
    self.seed = seed
    self.position = position
    stepCount = step
  }

  /// The names of the tower's rules, with their schedules, group by group.
  private var rules: String { byGroup(Self.rules(of:)) }

  /// The same with the constants of their formulas that are not the default, which the numbers of a checkpoint do not
  /// have.
  private var constants: String {
    byGroup { layout in
      layout.levels.map { level in
        let own = level.rule.constants.map { "\($0.name)=\($0.text)" }
        return "\(level.rule.name)(\(own.joined(separator: ", ")))"
      }.joined(separator: " / ")
    }
  }

  private func byGroup(_ describe: (TowerLayout) -> String) -> String {
    var moving = state.groups[...]
    return state.tower.groups.map { group in
      let text = group.isFrozen ? "frozen" : describe(moving.removeFirst().layout)
      return group.selector.map { "\($0): \(text)" } ?? text
    }.joined(separator: "; ")
  }

  private static func rules(of layout: TowerLayout) -> String {
    layout.levels.map { level in
      let schedules = (level.rule.hyperparameters + level.rule.constants).compactMap { own in
        own.curve.map { "\(own.name)=\($0.text(of: nil))" }
      }
      return level.rule.name
        + (schedules.isEmpty ? "" : "(\(schedules.joined(separator: ", ")))")
    }.joined(separator: " / ")
  }
}
