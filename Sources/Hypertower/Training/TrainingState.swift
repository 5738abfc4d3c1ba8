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
    let prefix = CheckpointKey.tensorPrefix
    let wanted = layout.storesDerivatives ? "gradients.1" : "derivatives"
    guard layout.height > 0, tensorNames.contains("\(prefix)\(wanted)") else { return self }
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
  func weights(_ number: Int) throws -> HostArray {
    let (parameter, entry) = (parameters[number], layout.parameters.entries[number])
    let stored = try backend.read(
      entry.offset..<entry.offset + entry.count, of: evaluatedWeights)
    return parameter.isTransposed
      ? stored.transposed(rows: parameter.shape[1], columns: parameter.shape[0]) : stored
  }

  /// Sets parameter `number`, and its average, if one is kept.
  func setWeights(_ values: HostArray, of number: Int) throws {
    let (parameter, entry) = (parameters[number], layout.parameters.entries[number])
    require(values.count == entry.count, "setWeights: \(values.count) for \(entry.count)")
    let stored =
      parameter.isTransposed
      ? values.transposed(rows: parameter.shape[0], columns: parameter.shape[1]) : values
    for array in [arena, average].compactMap({ $0 }) {
      try backend.write(stored, to: array, at: entry.offset)
    }
  }

  // MARK: Programs

  /// The instructions that follow the gradients in an even step, appended to `step`.
  func appendAdjustment(
    to step: inout BatchProgram, gradient: Span, arena: Span, loss: Span
  ) {
    let (values, counters, partialSums) = (
      step.bind(values), step.bind(counters), step.bind(partialSums)
    )
    let records = step.bind(records)
    let ownStates = step.bind(states[0])
    var nextStates = ownStates
    let previousParameters = previousWeights.map { step.bind($0) }
    var previous: UpdateInputs?
    if states.count > 1 {
      // What the step before started from; this step's states will take its place.
      nextStates = step.bind(states[1])
      previous = UpdateInputs(
        gradient: step.bind(gradients[1]), states: nextStates, parameters: previousParameters)
    }
    var current: UpdateInputs?
    if layout.stepLimit != nil || layout.bottom.sums != nil {
      let needsParameters =
        layout.bottom.jacobianDependsOnParameter
        || layout.bottom.sums?.dependOnParameter == true
      current = UpdateInputs(
        gradient: gradient, states: ownStates, parameters: needsParameters ? arena : nil)
    }
    if layout.sumCount > 0 {
      for tensor in layout.parameters.entries.indices {
        step.program.instructions.append(
          .projectGradient(
            GradientProjection(
              layout: layout, tensor: tensor, gradient: gradient, previous: previous,
              derivatives: derivatives.map { step.bind($0) }, current: current, values: values,
              counters: counters, partialSums: partialSums)))
      }
    }
    step.program.instructions += [
      .walkTower(
        TowerWalk(
          layout: layout, values: values, counters: counters, partialSums: partialSums,
          loss: loss, records: records, recordCapacity: recordCapacity)),
      .updateParameters(
        ParameterUpdate(
          layout: layout, parameters: arena, gradient: gradient, states: ownStates,
          nextStates: nextStates, average: average.map { step.bind($0) },
          derivatives: derivatives.map { step.bind($0) }, previousParameters: previousParameters,
          values: values, counters: counters)),
    ]
  }

  /// The arrays to run a step's program on, for even steps and, in a tower, for odd ones, given
  /// those for even steps.
  func alternatives(to arrays: [(any DeviceArray)?]) -> [[(any DeviceArray)?]] {
    guard gradients.count > 1 else { return [arrays] }
    let pairs = [(gradients[0], gradients[1]), (states[0], states[1])]
    let swapped = arrays.map { array -> (any DeviceArray)? in
      for (first, second) in pairs {
        if array === first { return second }
        if array === second { return first }
      }
      return array
    }
    return [arrays, swapped]
  }

  // MARK: Divergence

  private func isFinite(_ array: any DeviceArray, _ range: Range<Int>? = nil) throws -> Bool {
    try backend.read(range ?? 0..<array.count, of: array).doubles.allSatisfy(\.isFinite)
  }

  func weightsAreFinite() throws -> Bool { try isFinite(arena) }

  /// Where numbers that are not finite began, if there are any.
  ///
  /// From a step that diverges on, weights and tower stay as they are, so what it computed is there,
  /// but for the gradient of the weights, which the second step after overwrites. Weights that are not
  /// finite make everything after so, and a gradient the ones above. Only where all gradients are
  /// finite did a level's own step leave the range, and spread to those below.
  ///
  /// - Parameters:
  ///   - step: the step that diverged.
  ///   - stepCount: how many steps were taken, that one and later ones included.
  func divergence(step: Int, stepCount: Int) throws -> DivergenceError.Cause {
    if try !weightsAreFinite() { return .parameters(level: 0) }
    let levels = layout.levels
    let spoiled = try levels.indices.filter { k in
      let level = levels[k]
      return try !isFinite(
        values, level.hyperparameters..<level.hyperparameters + level.hyperparameterCount)
    }
    guard let highest = spoiled.last else { return .loss }
    if stepCount - step <= gradients.count, try !isFinite(gradients[step % gradients.count]) {
      return .gradient(level: 0)
    }
    for k in levels.indices.dropFirst() {
      let own = levels[k].gradients..<levels[k].gradients + levels[k].width
      if try !isFinite(values, own) { return .gradient(level: k) }
    }
    return .parameters(level: highest + 1)
  }

  // MARK: Checkpoints

  /// What a step starts from, beside weights and counters, by name.
  private var arraysBesideWeights: [(name: String, array: any DeviceArray)] {
    let prefix = CheckpointKey.tensorPrefix
    var arrays: [(name: String, array: any DeviceArray)] = [("\(prefix)tower", values)]
    for (number, array) in gradients.enumerated() {
      arrays.append(("\(prefix)gradients.\(number)", array))
    }
    for (number, array) in states.enumerated() {
      arrays.append(("\(prefix)states.\(number)", array))
    }
    if let previousWeights { arrays.append(("\(prefix)previous_weights", previousWeights)) }
    if let derivatives { arrays.append(("\(prefix)derivatives", derivatives)) }
    // The weights' own names then hold the average.
    if average != nil { arrays.append(("\(prefix)weights", arena)) }
    return arrays
  }

  func tensorsBesideWeights() throws -> [(name: String, values: HostArray)] {
    try arraysBesideWeights.map { name, array in
      (name, try backend.read(0..<array.count, of: array))
    }
  }

  /// - Parameter tensors: in the order of `tensorsBesideWeights`.
  func setTensorsBesideWeights(_ tensors: [HostArray]) throws {
    for ((_, array), values) in zip(arraysBesideWeights, tensors) {
      try backend.write(values, to: array, at: 0)
    }
  }

  /// - Parameter limitsNext: whether the next step is limited, as the first is.
  func setCounters(step: Int, batch: Int, seed: UInt64, limitsNext: Bool) throws {
    var counts = [Int32](repeating: 0, count: TowerLayout.Counter.count)
    counts[TowerLayout.Counter.step] = Int32(step)
    counts[TowerLayout.Counter.batch] = Int32(batch)
    counts[TowerLayout.Counter.seed] = Int32(truncatingIfNeeded: seed)
    counts[TowerLayout.Counter.seed + 1] = Int32(truncatingIfNeeded: seed >> 32)
    counts[TowerLayout.Counter.limit] = limitsNext ? 1 : 0
    try backend.write(.int32(counts), to: counters, at: 0)
  }

  /// Whether the next step is limited.
  var limitsNext: Bool {
    get throws {
      let limit = TowerLayout.Counter.limit
      return try backend.read(limit..<limit + 1, of: counters).doubles[0] != 0
    }
  }

  // MARK: Changes from outside

  /// Multiplies the step sizes of the bottom rule. What the levels that tune them knew is void, and the
  /// next step is limited, where the first was.
  func scaleLearningRate(by factor: Double, stepCount: Int) throws {
    var numbers = try backend.read(0..<values.count, of: values).doubles
    let level = layout.levels[0]
    let own = level.rule.hyperparameters
    for index in 0..<level.hyperparameterCount where own[index % own.count].isLearningRate {
      let (domain, place) = (own[index % own.count].domain, level.hyperparameters + index)
      numbers[place] = domain.raw(domain.natural(numbers[place]) * factor)
    }
    layout.restartTuning(&numbers)
    if layout.stepLimit != nil {
      layout.evaluateUniforms(step: stepCount + 1, of: &numbers)
      try backend.write(.int32([1]), to: counters, at: TowerLayout.Counter.limit)
    }
    try backend.write(.float64(numbers), to: values, at: 0)
  }

  /// Lets schedules follow this run's length after a checkpoint was read.
  ///
  /// - Returns: the length that they followed, if it was another.
  func takePlannedSteps() throws -> Int? {
    guard let offset = layout.plannedStepsOffset else { return nil }
    let known = try backend.read(offset..<offset + 1, of: values).doubles[0]
    guard known != Double(Float(layout.plannedSteps)), known != Double(layout.plannedSteps) else {
      return nil
    }
    try backend.write(.float64([Double(layout.plannedSteps)]), to: values, at: offset)
    return Int(exactly: known.rounded()) ?? 0
  }

  // MARK: Snapshots

  private var moving: [any DeviceArray] {
    [arena, values, counters] + gradients + states
      + [modelStates, average, derivatives, previousWeights].compactMap { $0 }
  }

  /// A copy of all that training moves.
  func snapshot() throws -> [HostArray] {
    try moving.map { try backend.read(0..<$0.count, of: $0) }
  }

  func restore(_ snapshot: [HostArray]) throws {
    for (array, values) in zip(moving, snapshot) { try backend.write(values, to: array, at: 0) }
  }
}

extension HostArray {
  /// A matrix of `rows` and `columns`, transposed.
  func transposed(rows: Int, columns: Int) -> HostArray {
    func transpose<Element>(_ values: [Element]) -> [Element] {
      [Element](unsafeUninitializedCapacity: values.count) { result, count in
        for i in 0..<rows {
          for j in 0..<columns {
            (result.baseAddress! + j * rows + i).initialize(to: values[i * columns + j])
          }
        }
        count = values.count
      }
    }
    return switch self {
    case .float32(let values): .float32(transpose(values))
    case .float64(let values): .float64(transpose(values))
    case .int32(let values): .int32(transpose(values))
    case .bytes(let values): .bytes(transpose(values))
    }
  }
}
