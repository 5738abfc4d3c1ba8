/// Everything that training moves, in device memory: the weights with their gradients and the
/// bottom rule's states, and the tower.
final class TrainingState {
  let backend: any Backend
  let contents: ModelTrace.Contents
  var parameters: [ModelTrace.Parameter] { contents.parameters }
  private(set) var layout: TowerLayout

  let arena: any DeviceArray
  /// The gradient of this step and, in a tower, that of the step before: they change places every
  /// step.
  let gradients: [any DeviceArray]
  /// The bottom rule's states, one after another, each of the arena's size: those that even steps
  /// start from and, in a tower, those that odd steps start from. Each step writes the other ones,
  /// so that the next can still find what this one started from.
  let states: [any DeviceArray]
  /// The average of the weights, if one is kept, or what the rule says instead: what evaluation sees.
  let average: (any DeviceArray)?
  /// The weights before the last step, if the bottom rule's derivatives depend on them.
  let previousWeights: (any DeviceArray)?
  let values: any DeviceArray
  let counters: any DeviceArray
  let partialSums: any DeviceArray
  let loss: any DeviceArray
  /// The model's states, one after another; nil if it has none.
  let modelStates: (any DeviceArray)?
  /// Counts what has changed the weights or the model's states, so that who has computed something from them knows
  /// whether it still holds.
  var revision = 0
  let records: any DeviceArray
  let recordCapacity: Int

  private(set) var options: Options
  /// The derivatives by the bottom rule's hyperparameters of the last step, one array of the arena's size
  /// after another, where they are stored.
  let derivatives: (any DeviceArray)?

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
    layout = try TowerLayout(
      tower, parameters: ParameterLayout(contents.parameters.map { ($0.name, $0.storedShape) }),
      firstStep: options.firstStep, average: options.average,
      recomputesDerivatives: options.recomputesDerivatives, plannedSteps: options.plannedSteps)
    try layout.checkValues(fitSinglePrecision: backend.realSize == MemoryLayout<Float>.size)
    let size = layout.parameters.size
    let rule = layout.levels[0].rule
    // Records of at most 64 KiB: enough that reading them is rare.
    recordCapacity = Swift.max(16, Swift.min(1024, (1 << 14) / layout.recordSize))

    arena = try backend.allocate(.real, count: size)
    average =
      try layout.bottom.newAverage.map { _ in try backend.allocate(.real, count: size) }
    let copies = layout.height > 0 && !layout.storesDerivatives ? 2 : 1
    gradients = try (0..<copies).map { _ in try backend.allocate(.real, count: size) }
    states = try (0..<copies).map { _ in
      try backend.allocate(.real, count: size * rule.states.count)
    }
    derivatives =
      layout.storesDerivatives
      ? try backend.allocate(.real, count: size * layout.bottom.jacobian.count) : nil
    previousWeights =
      copies > 1 && layout.bottom.jacobianDependsOnParameter
      ? try backend.allocate(.real, count: size) : nil
    values = try backend.allocate(.real, count: layout.size)
    counters = try backend.allocate(.int32, count: TowerLayout.Counter.count)
    partialSums = try backend.allocate(.real, count: layout.partialSumCount)
    loss = try backend.allocate(.real, count: 1)
    let stateSize = contents.states.reduce(0) { $0 + $1.count }
    modelStates = stateSize == 0 ? nil : try backend.allocate(.real, count: stateSize)
    records = try backend.allocate(.real, count: recordCapacity * layout.recordSize)

    try writeInitialValues(seed: seed)
  }

  /// A new state of the same tower that keeps what `tensorNames` of a checkpoint hold, of versions that
  /// computed all derivatives again, too. This one, if it does so itself.
  func suited(to tensorNames: some Sequence<String>) throws -> TrainingState {
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
  /// - Returns: whether the tower's rules are the same in the same order; if not, nothing changes.
  func restart(with tower: Tower, plannedSteps: Int?, seed: UInt64) throws -> Bool {
    let layout = try TowerLayout(
      tower, parameters: layout.parameters, firstStep: options.firstStep, average: options.average,
      recomputesDerivatives: options.recomputesDerivatives, plannedSteps: plannedSteps)
    try layout.checkValues(fitSinglePrecision: backend.realSize == MemoryLayout<Float>.size)
    let isAlike =
      layout.levels.count == self.layout.levels.count
      && zip(layout.levels, self.layout.levels).allSatisfy { new, old in
        new.rule.name == old.rule.name && new.rule.hasSameFormula(as: old.rule)
      }
    guard isAlike else { return false }
    self.layout = layout
    options.plannedSteps = plannedSteps
    // Before the first step nothing else is read: what a run before has left stays unseen.
    try writeInitialValues(seed: seed)
    return true
  }

  /// Writes what is not 0 before the first step.
  private func writeInitialValues(seed: UInt64) throws {
    try setCounters(step: 0, batch: 0, seed: seed, limitsNext: layout.stepLimit != nil)
    try backend.write(.float64(layout.initialValues()), to: values, at: 0)
    for (number, parameter) in parameters.enumerated() {
      let drawn = parameter.declaration.initializer.values(
        count: parameter.count, seed: seed, stream: UInt32(number))
      try setWeights(.float32(drawn), of: number)
    }
    for (number, own) in contents.states.enumerated() {
      let initial = own.declaration.initializer.values(count: own.count, seed: seed, stream: 0)
      try setModelState(.float32(initial), of: number)
    }
    try writeInitialStates()
  }

  private func writeInitialStates() throws {
    let size = layout.parameters.size
    let rule = layout.levels[0].rule
    let initial = layout.initialStates(of: layout.levels[0])
    for state in rule.states.indices {
      for (tensor, entry) in layout.parameters.entries.enumerated() {
        let values = [Double](repeating: initial[tensor][state], count: entry.count)
        try backend.write(.float64(values), to: states[0], at: state * size + entry.offset)
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
    let (parameter, entry) = (parameters[number], layout.parameters.entries[number])
    require(values.count == entry.count, "setWeights: \(values.count) for \(entry.count)")
    let stored = stored(values, as: parameter)
    revision += 1
    for array in [arena, average].compactMap({ $0 }) {
      try backend.write(stored, to: array, at: entry.offset)
    }
  }

  /// What lies in the place of parameter `number`, in its declared shape.
  ///
  /// - Parameter arena: where the arena begins in `array`; default: at 0.
  func read(_ number: Int, of array: any DeviceArray, arena: Int = 0) throws -> HostArray {
    let (parameter, entry) = (parameters[number], layout.parameters.entries[number])
    let start = arena + entry.offset
    let stored = try backend.read(start..<start + entry.count, of: array)
    return parameter.isTransposed
      ? stored.transposed(rows: parameter.shape[1], columns: parameter.shape[0]) : stored
  }

  /// Values in the declared shape of a parameter, as they lie on the device.
  func stored(_ values: HostArray, as parameter: ModelTrace.Parameter) -> HostArray {
    parameter.isTransposed
      ? values.transposed(rows: parameter.shape[0], columns: parameter.shape[1]) : values
  }
}
