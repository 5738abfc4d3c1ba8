/// Batch normalization: each channel less its mean, over its standard deviation, times a weight plus a bias,
/// `[batch, channels, …] → [batch, channels, …]`.
///
/// In training, mean and variance (biased) are those of the batch and of all places, and running means of both
/// follow, the variance's unbiased; in evaluation the running ones are taken. Where a batch is computed in shards, they
/// are those of the shard, or with `Trainer(…, synchronizesBatchNorm: true)` those of the batch.
///
/// S. Ioffe and C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
/// Covariate Shift", ICML 2015, arXiv 1502.03167; defaults and tensors as PyTorch's.
public struct BatchNorm: Module {
  /// `[channels]`, ones at first.
  public let weight: Tensor
  /// `[channels]`, zeros at first.
  public let bias: Tensor
  /// The running mean, a state, `[channels]`, zeros at first.
  public let runningMean: Tensor
  /// The running variance, a state, `[channels]`, ones at first.
  public let runningVariance: Tensor
  /// The share of the batch in the running mean and variance.
  public let momentum: Double
  /// What is added to a variance, so that its root is not 0.
  public let epsilon: Double

  /// - Parameters:
  ///   - channels: the extent of axis 1.
  ///   - momentum: default: 0.1.
  ///   - epsilon: default: 1e-5.
  public init(_ channels: Int, momentum: Double = 0.1, epsilon: Double = 1e-5) {
    require(channels > 0, "BatchNorm: \(channels) channels")
    weight = .parameter(shape: [channels], initializer: .constant(1), kind: .norms)
    bias = .parameter(shape: [channels], initializer: .constant(0), kind: .norms)
    runningMean = .state(shape: [channels], initial: 0)
    runningVariance = .state(shape: [channels], initial: 1)
    (self.momentum, self.epsilon) = (momentum, epsilon)
  }

  public var states: [(name: String, tensor: Tensor)] {
    [("running_mean", runningMean), ("running_var", runningVariance)]
  }

  /// As in PyTorch, which also counts the steps, and in MLX.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    let own = (parameters + states).map { TensorPlacement($0.name, $0.tensor) }
    return layout == .pytorch ? own + [.stepCount("num_batches_tracked")] : own
  }

  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    let channels = weight.shape[0]
    require(
      x.shape.count >= 2 && x.shape[1] == channels,
      "BatchNorm: \(x.shape): axis 1 must have \(channels) channels")
    let along = [1, channels] + Shape(repeating: 1, count: x.shape.count - 2)
    func spread(_ values: Tensor) -> Tensor { values.reshaped(along) }
    func normalized(_ centred: Tensor, _ variance: Tensor) -> Tensor {
      centred * spread(weight / (variance + .constant(epsilon)).sqrt()) + spread(bias)
    }
    guard context.isTraining else { return normalized(x - spread(runningMean), runningVariance) }
    let (mean, variance, samples) = batchMoments(of: x, context)
    let centred = x - mean
    let count = Double(samples * x.shape.dropFirst(2).elementCount)
    require(count > 1, "BatchNorm: \(x.shape) has one number a channel, which has no variance")
    func follow(_ running: Tensor, _ value: Tensor) {
      context.update(
        running, to: .constant(1 - momentum) * running + .constant(momentum) * value)
    }
    follow(runningMean, mean.reshaped([channels]))
    follow(runningVariance, variance * .constant(count / (count - 1)))
    return normalized(centred, variance)
  }

  /// The mean, `[1, channels, 1, …]`, and the biased variance, `[channels]`, over the batch and all places, and the
  /// number of the batch's samples.
  ///
  /// Each sample's moments are taken first, so that a device goes through a sample twice while it lies in its
  /// cache; the variance is the mean of the samples' variances plus the variance of their means (T. Chan,
  /// G. Golub and R. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances",
  /// 1979), and so it is over shards.
  private func batchMoments(
    of x: Tensor, _ context: Context
  ) -> (mean: Tensor, variance: Tensor, samples: Int) {
    func variance(of x: Tensor, around mean: Tensor, _ axes: [Int]) -> Tensor {
      let centred = x - mean
      return (centred * centred).mean(axes, keepingAxes: true)
    }
    let places = Array(x.shape.indices.dropFirst(2))
    let ofSamples = places.isEmpty ? x : x.mean(places, keepingAxes: true)
    let mean = ofSamples.mean([0], keepingAxes: true)
    var total = variance(of: ofSamples, around: mean, [0])
    if !places.isEmpty {
      total = variance(of: x, around: ofSamples, places).mean([0], keepingAxes: true) + total
    }
    let channels = x.shape[1]
    let moments = Tensor.stacked([mean.reshaped([channels]), total.reshaped([channels])], axis: 0)
    guard let all = context.gatheredOverShards(moments) else {
      return (mean, total.reshaped([channels]), x.shape[0])
    }
    let shares = all.shares.element(0, axis: 2)
    let (means, variances) = (all.elements.element(0, axis: 1), all.elements.element(1, axis: 1))
    let whole = (shares * means).sum([0])
    let around = means - whole
    return (
      whole.reshaped(mean.shape), (shares * (variances + around * around)).sum([0]), all.sampleCount
    )
  }
}
