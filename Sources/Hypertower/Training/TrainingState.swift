/// Everything that training moves, in device memory: the weights with their gradients and the
/// bottom rule's states, and the tower.
final class TrainingState {
  let backend: any Backend
  let contents: ModelTrace.Contents
  var parameters: [ModelTrace.Parameter] { contents.parameters }
  /// The groups that move, in the tower's order.
  private(set) var groups: [MovingGroup]
  /// The number of the group of each parameter; nil: it is frozen.
  let groupNumbers: [Int?]
  /// Where each parameter lies in the arena: group by group, and last what is frozen.
  let offsets: [Int]
  /// The tower as it was given, which says what groups there are.
  private(set) var tower: Tower

  let arena: any DeviceArray
  /// The gradient of this step and, in a tower, that of the step before: they change places every
  /// step.
  let gradients: [any DeviceArray]
  /// The average of the weights, if one is kept, or what the rule says instead: what evaluation sees.
  let average: (any DeviceArray)?
  let counters: any DeviceArray
  let loss: any DeviceArray
  /// The model's states, one after another; nil if it has none.
  let modelStates: (any DeviceArray)?
  /// Counts what has changed the weights or the model's states, so that who has computed something from them knows
  /// whether it still holds.
  var revision = 0
  /// For each of the latest steps the loss, then the hyperparameters of each group.
  let records: any DeviceArray
  let recordCapacity: Int
  let recordSize: Int

  private(set) var options: Options

  /// What a run has besides its tower.
  struct Options {
    /// See `StepLimit.share`; nil: none.
    let firstStep: Double?
    let average: WeightAverage?
    /// See `TowerLayout.storesDerivatives`.
    var recomputesDerivatives = false
    /// The run's length, for schedules that follow it.
    var plannedSteps: Int?
  }

  init(
    _ contents: ModelTrace.Contents, tower: Tower, options: Options, seed: UInt64,
    on backend: any Backend
  ) throws {
    self.backend = backend
    self.contents = contents
    self.options = options
    self.tower = tower
    let placed = try Self.place(contents, tower)
    (groupNumbers, offsets) = (placed.groupNumbers, placed.offsets)
    let layouts = try Self.layouts(tower, placed.layouts, options, on: backend)
    var (groups, recordSize) = ([MovingGroup](), 1)
    for (number, layout) in layouts.enumerated() {
      groups.append(
        try MovingGroup(
          tower.moving[number].selector?.description,
          parameters: groupNumbers.indices.filter { placed.groupNumbers[$0] == number }, layout,
          start: placed.starts[number], recordOffset: recordSize, on: backend))
      recordSize += layout.hyperparameterCount
    }
    self.groups = groups
    self.recordSize = recordSize
    // Records of at most 64 KiB: enough that reading them is rare.
    recordCapacity = Swift.max(16, Swift.min(1024, (1 << 14) / recordSize))

    arena = try backend.allocate(.real, count: placed.size)
    average =
      layouts.contains { $0.bottom.newAverage != nil }
      ? try backend.allocate(.real, count: placed.size) : nil
    let copies = layouts.map { MovingGroup.copies($0) }.max()!
    gradients = try (0..<copies).map { _ in try backend.allocate(.real, count: placed.size) }
    counters = try backend.allocate(.int32, count: TowerLayout.Counter.count)
    loss = try backend.allocate(.real, count: 1)
    let stateSize = contents.states.reduce(0) { $0 + $1.count }
    modelStates = stateSize == 0 ? nil : try backend.allocate(.real, count: stateSize)
    records = try backend.allocate(.real, count: recordCapacity * recordSize)

    try writeInitialValues(seed: seed)
  }

  /// A new state of the same tower that keeps what `tensorNames` of a checkpoint hold, of versions that
  /// computed all derivatives again, too. This one, if it does so itself.
  func suited(to tensorNames: some Sequence<String>) throws -> TrainingState {
    // Versions that did so knew no groups.
    guard groups.count == 1, groups[0].name == nil else { return self }
    let layout = groups[0].layout
    let other =
      layout.storesDerivatives
      ? ["tower.0.previous.gradient.", "training.gradients.1"]
      : ["tower.0.derivative.", "training.derivatives"]
    guard layout.height > 0,
      tensorNames.contains(where: { name in other.contains { name.hasPrefix($0) } })
    else { return self }
    var options = options
    options.recomputesDerivatives = layout.storesDerivatives
    return try TrainingState(
      contents, tower: Tower(layout.levels.map(\.rule)), options: options, seed: 0, on: backend)
  }

  /// Goes back to before the first step, with fresh weights and another tower, for which programs
  /// that were compiled stay good.
  ///
  /// - Returns: whether the tower's groups and rules are the same in the same order; if not, nothing changes.
  func restart(with tower: Tower, plannedSteps: Int?, seed: UInt64) throws -> Bool {
    let placed = try Self.place(contents, tower)
    var options = options
    options.plannedSteps = plannedSteps
    let layouts = try Self.layouts(tower, placed.layouts, options, on: backend)
    let names = tower.moving.map { $0.selector?.description }
    let isAlike =
      placed.groupNumbers == groupNumbers && names == groups.map(\.name)
      && zip(layouts, groups).allSatisfy { new, old in
        new.levels.count == old.layout.levels.count
          && zip(new.levels, old.layout.levels).allSatisfy { new, old in
            new.rule.name == old.rule.name && new.rule.hasSameFormula(as: old.rule)
          }
      }
    guard isAlike else { return false }
    for (number, layout) in layouts.enumerated() { groups[number].layout = layout }
    (self.tower, self.options) = (tower, options)
    // Before the first step nothing else is read: what a run before has left stays unseen.
    try writeInitialValues(seed: seed)
    return true
  }

  /// Writes what is not 0 before the first step.
  private func writeInitialValues(seed: UInt64) throws {
    try setCounters(step: 0, batch: 0, seed: seed, limitsNext: options.firstStep != nil)
    for group in groups {
      try backend.write(.float64(group.layout.initialValues()), to: group.values, at: 0)
    }
    for (number, parameter) in parameters.enumerated() {
      let drawn = parameter.declaration.initializer.values(
        count: parameter.count, seed: seed, stream: UInt32(number))
      try setWeights(.float32(drawn), of: number)
    }
    for (number, own) in contents.states.enumerated() {
      let initial = own.declaration.initializer.values(count: own.count, seed: seed, stream: 0)
      try setModelState(.float32(initial), of: number)
    }
    for group in groups { try writeInitialStates(of: group) }
  }

  private func writeInitialStates(of group: MovingGroup) throws {
    let (layout, size) = (group.layout, group.layout.parameters.size)
    let rule = layout.levels[0].rule
    let initial = layout.initialStates(of: layout.levels[0])
    for state in rule.states.indices {
      for (tensor, entry) in layout.parameters.entries.enumerated() {
        let values = [Double](repeating: initial[tensor][state], count: entry.count)
        try backend.write(.float64(values), to: group.states[0], at: state * size + entry.offset)
      }
    }
    guard let axisStates = group.axisStates else { return }
    for (initial, places) in zip(layout.initialAxisStates(), layout.axisStates) {
      for (value, place) in zip(initial, places) {
        let values = [Double](repeating: value, count: place.count)
        try backend.write(.float64(values), to: axisStates, at: place.lowerBound)
      }
    }
  }

  // MARK: Weights

  /// The weights that evaluation sees: their average, if one is kept.
  var evaluatedWeights: any DeviceArray { average ?? arena }

  /// Parameter `number` in its declared shape, as evaluation sees it.
  func weights(_ number: Int) throws -> HostArray { try read(number, of: evaluatedWeights) }

  /// Sets parameter `number`, and its average, if one is kept.
  func setWeights(_ values: HostArray, of number: Int) throws {
    let parameter = parameters[number]
    require(
      values.count == parameter.count, "setWeights: \(values.count) for \(parameter.count)")
    let stored = stored(values, as: parameter)
    revision += 1
    for array in [arena, average].compactMap({ $0 }) {
      try backend.write(stored, to: array, at: offsets[number])
    }
  }

  /// What lies in the place of parameter `number`, in its declared shape.
  ///
  /// - Parameter offset: where it lies in `array`; default: as in the arena.
  func read(_ number: Int, of array: any DeviceArray, at offset: Int? = nil) throws -> HostArray {
    let (parameter, start) = (parameters[number], offset ?? offsets[number])
    let stored = try backend.read(start..<start + parameter.count, of: array)
    return parameter.isTransposed
      ? stored.transposed(rows: parameter.shape[1], columns: parameter.shape[0]) : stored
  }

  /// Values in the declared shape of a parameter, as they lie on the device.
  func stored(_ values: HostArray, as parameter: ModelTrace.Parameter) -> HostArray {
    parameter.isTransposed
      ? values.transposed(rows: parameter.shape[0], columns: parameter.shape[1]) : values
  }
}
