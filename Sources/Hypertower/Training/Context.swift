/// What a module may need to know and do besides its input: whether it is training, random numbers, further columns of
/// the data, and states that change from step to step.
///
/// ```swift
/// func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
///   guard context.isTraining else { return x }
///   return .select(context.uniform(x.shape).isLess(than: 0.1), 0, x)
/// }
/// ```
public final class Context {
  /// Whether the outputs are for a step of training, not for evaluation.
  public let isTraining: Bool
  /// States with their values after the step, in the order of the calls of `update(_:to:)`: what a training loop of
  /// one's own hands to a `TensorProgram` beside the parameters' updates.
  public private(set) var updates: [(state: Tensor, next: Tensor)] = []
  /// How many tensors of random numbers there are so far: each call draws others.
  private var randomCount = 0
  /// The further columns of the batch.
  let columns: Columns
  /// What other shards of the batch have; nil: what is at hand counts as the batch.
  private let shards: BatchShards?

  /// - Parameter isTraining: default: false.
  public convenience init(isTraining: Bool = false) {
    self.init(isTraining: isTraining, columns: Columns())
  }

  init(isTraining: Bool, columns: Columns, shards: BatchShards? = nil) {
    self.isTraining = isTraining
    self.columns = columns
    self.shards = shards
  }

  /// A further column of the batch, `[batch] + ` the shape that `Column` gives a sample.
  ///
  /// - Precondition: the data have such a column, and `Trainer(…, columns:)` declares it.
  public func column(_ name: String) -> Tensor { columns[name] }

  /// Sets what a state of the model is after the step; while evaluating, nothing.
  ///
  /// - Parameters:
  ///   - state: one that `Tensor.state(shape:initial:)` has made.
  ///   - next: of its shape.
  public func update(_ state: Tensor, to next: Tensor) {
    require(
      state.parameterDeclaration?.isState == true && state.shape == next.shape,
      "update: \(state.shape) to \(next.shape): a state of the model and a tensor of its shape are needed"
    )
    if isTraining { updates.append((state, next)) }
  }

  /// What all shards of the batch have in place of a tensor, where a batch is computed in shards and the trainer was
  /// made with `synchronizesBatchNorm`: what a statistic over the batch is made of. Ranks wait for one another there,
  /// as they do once more where the gradient is sent back.
  ///
  /// - Parameter tensor: of the same shape in all shards, as means over samples are.
  /// - Returns: `elements`, `[shards] + shape`, in the order of the shards; `shares`, `[shards, 1, …]`, the part of the
  ///   batch's samples that each has; and the number of these samples. nil: the samples at hand are the batch.
  public func gatheredOverShards(
    _ tensor: Tensor
  ) -> (elements: Tensor, shares: Tensor, sampleCount: Int)? {
    guard let shards, isTraining else { return nil }
    let sizes = Tensor(
      shards.sizes.map(Float.init), shape: [shards.sizes.count] + tensor.shape.map { _ in 1 })
    let count = shards.sampleCount
    return (shards.gathered(tensor), sizes / .constant(Double(count)), count)
  }

  /// Random numbers of the step, uniform in [0, 1), multiples of 2⁻²⁴: the same on every device and after a
  /// resume, others for each step and for each call.
  ///
  /// - Precondition: `isTraining`; an evaluation is no step.
  public func uniform(_ shape: Shape) -> Tensor {
    require(
      isTraining, "Context: random numbers are those of a training step; ask isTraining first")
    defer { randomCount += 1 }
    return .random(number: randomCount, shape: shape)
  }

  /// Random numbers of the step, normal with mean 0 and variance 1.
  ///
  /// - Precondition: `isTraining`.
  ///
  /// G. Box and M. Muller, "A Note on the Generation of Random Normal Deviates" (1958).
  public func normal(_ shape: Shape) -> Tensor {
    // 1 − u lies in (0, 1].
    let radius = (-2 * (1 - uniform(shape)).log()).sqrt()
    return radius * (.constant(2 * Double.pi) * uniform(shape)).cos()
  }
}
