public import Collectives

/// Trains a model with a tower of optimizers.
///
/// A step (a batch forwards and backwards, every level's hypergradient, every level's adjustment)
/// is compiled once per batch size and replayed on the device; the host only enqueues it. Losses
/// and hyperparameters are read back in bulk, when a report is due.
public final class Trainer {
  let model: any Module
  let lossFunction: Loss
  /// The shape of the model's inputs without the axis of samples.
  let sampleShape: Shape
  /// The shapes of further columns that the model may ask for, without the axis of samples.
  let columns: [String: Shape]
  var seed: UInt64
  private(set) var state: TrainingState
  var dataset: DeviceDataset?
  var steps: [StepKey: CompiledStep] = [:]
  private(set) var evaluator: Evaluator
  /// The number of steps taken.
  public internal(set) var stepCount = 0
  /// Where training runs.
  public let device: Device
  var position: Position?
  /// How batches are divided; nil: they are not.
  let sharding: Sharding?
  /// What computes steps in shards, with the state and the data of now.
  var shardedSteps: ShardedSteps?
  /// Why all ranks have ended, since one of them asked for it; nil: they have not.
  public internal(set) var ending: RankEnding?

  /// Which batch of which data comes next.
  struct Position {
    let dataset: ObjectIdentifier
    let batchSize: Int
    let isShuffled: Bool
    /// The number of the next batch, counted over epochs.
    var batch: Int
    /// The epoch of the last batch.
    var epoch: Int
  }

  /// What a compiled step depends on, besides the model.
  struct StepKey: Hashable {
    let dataset: ObjectIdentifier
    let batch: Int
    let batchSize: Int
    let isShuffled: Bool
  }

  struct CompiledStep {
    /// For the arrays of even and, in a tower, of odd steps.
    let executable: any Executable
    let stream: BatchStream?
  }

  /// A trainer with freshly drawn weights.
  ///
  /// - Parameters:
  ///   - model: what is trained.
  ///   - loss: what is made small.
  ///   - sampleShape: the shape of one input of the model, such as `[1, 28, 28]`: batches are
  ///     `[batch] + sampleShape`; default: `[features]`, as many as the first parameter of two axes takes, as
  ///     `Linear` declares it. That is not the shape for a model that begins with an `Embedding`, whose table
  ///     would be taken for such a parameter: give it the length of its sequences, `[time]`.
  ///   - columns: the further columns of the data that the model asks for by `Context.column(_:)`, each with the shape
  ///     of a sample, as `["mask": [64]]`; default: none. What the loss alone reads need not be declared.
  ///   - optimizer: a rule, a tower of rules, or a tower for each group of parameters.
  ///   - firstStep: the share of the loss that the first step promises at most, to first order: the
  ///     bottom rule's step sizes are lowered so far before it, where there are groups of parameters each to an equal
  ///     part of it; above 0; default: no limit.
  ///   - average: which average of the weights over the steps evaluation and saving see; default: none,
  ///     they see the weights of now.
  ///   - plannedSteps: the number of steps that the run will have in all, ≥ 1, which a schedule such as
  ///     `HyperparameterSchedule.cosine(_:end:warmup:)` follows; default: none, for towers without one.
  ///   - device: where training runs.
  ///   - seed: what the weights and the order of samples are drawn from; default: 0.
  ///   - shards: in how many parts a batch is computed, each by itself; see `Sharding`. Results depend on it, but not on
  ///     the number of ranks; default: as many as there are ranks.
  ///   - synchronizesBatchNorm: whether `BatchNorm`, and whatever else asks for `Context.gatheredOverShards(_:)`, takes
  ///     statistics over the batch and not over the shard, for which ranks wait for one another in each such layer, and
  ///     a rank computes all of its shards side by side; default: false. Without shards, it changes nothing.
  ///   - collective: the ranks that share the work, such as `MPI()`, each of which makes the same trainer and calls the
  ///     same methods; default: this process alone.
  /// - Throws: `InputError` for fewer shards than ranks, a tower that names tensors that are not there, whose levels do
  ///   not go together, which has a schedule for which `plannedSteps` is missing, or whose bottom rule marks no
  ///   step size although the first step is limited; what the
  ///   device reports.
  public init(
    _ model: some Module, loss: Loss, sampleShape: Shape? = nil, columns: [String: Shape] = [:],
    optimizer: some Optimizer,
    firstStep: Double? = nil, average: WeightAverage? = nil, plannedSteps: Int? = nil,
    on device: Device, seed: UInt64 = 0, shards: Int? = nil, synchronizesBatchNorm: Bool = false,
    collective: (any Collective)? = nil
  ) throws {
    self.model = model
    lossFunction = loss
    sharding = try Sharding(shards, over: collective, isSynchronized: synchronizesBatchNorm)
    self.device = device
    self.seed = seed
    guard
      let sampleShape = sampleShape
        ?? model.parameters.first(where: { $0.tensor.shape.count == 2 }).map({
          [$0.tensor.shape[1]]
        })
    else { fatalError("Trainer: give sampleShape, the shape of one of the model's inputs") }
    self.sampleShape = sampleShape
    self.columns = columns
    let contents = ModelTrace.contents(of: model, sampleShape: sampleShape, columns: columns)
    require(
      firstStep.map { Float($0) > 0 && $0.isFinite } ?? true,
      "Trainer: firstStep must be greater than 0, in float32 as well")
    try optimizer.tower.checkLength(plannedSteps)
    state = try TrainingState(
      contents, tower: optimizer.tower,
      options: .init(firstStep: firstStep, average: average, plannedSteps: plannedSteps),
      seed: seed, on: device.backend)
    evaluator = try Evaluator(
      model, loss: loss, sampleShape: sampleShape, columns: columns, state: state, on: device)
  }

  /// Starts over: fresh weights, another tower, step 0.
  ///
  /// The training data stays on the device, and if the tower has the same rules as the one before, so
  /// does all that was compiled: trying many values or seeds costs little more than their steps.
  ///
  /// - Parameters:
  ///   - optimizer: a rule or a tower of rules.
  ///   - plannedSteps: the number of steps that the run will have in all; default: as before.
  ///   - seed: what the weights and the order of samples are drawn from.
  /// - Throws: `InputError` for a tower that names tensors that are not there, or has a schedule that
  ///   follows the run's length, which is not known; what the device reports.
  public func restart(
    with optimizer: some Optimizer, plannedSteps: Int? = nil, seed: UInt64
  ) throws {
    var options = state.options
    options.plannedSteps = plannedSteps ?? options.plannedSteps
    try optimizer.tower.checkLength(options.plannedSteps)
    if try !state.restart(
      with: optimizer.tower, plannedSteps: options.plannedSteps, seed: seed)
    {
      try adopt(
        TrainingState(
          state.contents, tower: optimizer.tower, options: options, seed: seed,
          on: device.backend))
    }
    self.seed = seed
    stepCount = 0
    position = nil
    ending = nil
  }

  /// Goes on with another state; nothing that was compiled is good for it.
  func adopt(_ other: TrainingState) throws {
    evaluator = try Evaluator(
      model, loss: lossFunction, sampleShape: sampleShape, columns: columns, state: other,
      on: device)
    state = other
    forgetPrograms()
  }

  func forgetPrograms() {
    steps.removeAll()
    shardedSteps = nil
  }

  // MARK: Training

  /// Trains for some steps.
  ///
  /// Batches follow the data set in file order or, shuffled, in an order that the trainer's seed
  /// and the number of the epoch determine. The last batch of an epoch may be smaller. A call goes
  /// on where the one before stopped, in the middle of an epoch if need be; with other data, another
  /// batch size or another order it starts a new epoch.
  ///
  /// - Parameters:
  ///   - data: the samples.
  ///   - batchSize: the number of samples of a step.
  ///   - steps: default: one epoch.
  ///   - shuffled: default: true.
  ///   - reportEvery: after how many steps a report is due, at most; default: when the device's
  ///     memory for records is full, which is after 1,024 steps or, for tall towers, fewer, and at
  ///     the end.
  ///   - report: is given the records of all steps since the last report, but for one that diverged
  ///     and those after it.
  /// - Throws: `DivergenceError` as soon as a report or the end shows that a loss or a
  ///   hyperparameter was not finite;
  ///   `InputError` for a batch size of 0 or above the number of samples, or samples in a file that cannot be
  ///   read; what the device or `report` throws.
  public func train(
    on data: Dataset, batchSize: Int, steps: Int? = nil, shuffled: Bool = true,
    reportEvery: Int? = nil, report: (([StepRecord]) throws -> Void)? = nil
  ) throws {
    guard batchSize > 0, batchSize <= data.count else {
      throw InputError(
        .usage, "batch size \(batchSize) is out of range: the data has \(data.count) samples")
    }
    let batches = (data.count + batchSize - 1) / batchSize
    let count = steps ?? batches
    require(count >= 0, "train: \(count) steps")
    guard stepCount <= Self.greatestStepCount - count else {
      throw InputError(
        .usage, "\(count) steps are too many: a run has at most \(Self.greatestStepCount)")
    }
    let resident = try resident(data)
    try moveTo(data, batchSize: batchSize, shuffled: shuffled, batches: batches)
    let order = BatchOrder(
      sampleCount: data.count, stride: batchSize, permutation: permutation(data, shuffled),
      seed: seed)
    let interval = Swift.max(1, Swift.min(reportEvery ?? .max, state.recordCapacity))
    if sharding != nil {
      try trainInShards(resident, order, steps: count, interval: interval, report)
      return
    }
    var (taken, unread) = (0, 0)
    while taken < count {
      let number = position!.batch
      let batch = Swift.min(batchSize, data.count - number % batches * batchSize)
      let step = try step(resident, batch: batch, batchSize: batchSize, shuffled: shuffled)
      // As many steps at once as have batches of this size, and those on the device.
      let alike =
        data.count % batchSize == 0
        ? .max : Swift.max(1, batches - 1 - number % batches)
      var run = Swift.min(alike, count - taken, interval - unread)
      do {
        if let stream = step.stream { run = try stream.bring(number, atMost: run, order) }
      } catch {
        // The steps that were taken are told first.
        if unread > 0 { try readRecords(unread, report) }
        throw error
      }
      state.revision += 1
      try device.backend.run(step.executable, from: stepCount % 2, count: run)
      stepCount += run
      position!.batch += run
      position!.epoch = (number + run - 1) / batches
      taken += run
      unread += run
      if unread == interval {
        try readRecords(unread, report)
        unread = 0
      }
    }
    if unread > 0 { try readRecords(unread, report) }
  }

  func permutation(_ data: Dataset, _ shuffled: Bool) -> IndexPermutation? {
    shuffled ? IndexPermutation(count: data.count) : nil
  }

  /// The most steps that a run can have: the device counts them in int32.
  public static let greatestStepCount = Int(Int32.max) - 1

  /// Lets training go on with certain data: from where it stopped, or else with a new epoch.
  private func moveTo(
    _ data: Dataset, batchSize: Int, shuffled: Bool, batches: Int
  ) throws {
    let dataset = ObjectIdentifier(data.identity)
    if let position, position.dataset == dataset, position.batchSize == batchSize,
      position.isShuffled == shuffled
    {
      return
    }
    let epoch = position.map { $0.epoch + 1 } ?? 0
    position = Position(
      dataset: dataset, batchSize: batchSize, isShuffled: shuffled, batch: epoch * batches,
      epoch: epoch)
    try device.backend.write(
      .int32([Int32(truncatingIfNeeded: epoch * batches)]), to: state.counters,
      at: TowerLayout.Counter.batch)
  }
}
