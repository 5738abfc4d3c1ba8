/// Muon: steps along the orthogonal matrix that is nearest to the momentum of a matrix's gradient.
///
/// It moves tensors of two axes or more; filters of a convolution, `[out, in, height, width]`, as matrices
/// `[out, in·height·width]`, which PyTorch refuses. Tensors of fewer axes are an error: a group of their own gives them
/// another rule, as in `weights: muon(); else: adamw()`.
///
/// K. Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, as PyTorch's `torch.optim.Muon`
/// has it, but for the precision: PyTorch rounds to bfloat16, and this computes as the device does otherwise.
public struct Muon: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 0.001.
  ///   - momentum: the decay μ of the mean of gradients, 0 to 1; default: 0.95.
  ///   - weightDecay: λ ≥ 0, of which each step takes α·λ·p off; default: 0.1.
  ///   - nesterov: whether a step looks ahead along the mean; default: true.
  public init(
    _ learningRate: Double = 0.001, momentum: Double = 0.95, weightDecay: Double = 0.1,
    nesterov: Bool = true
  ) {
    self.init(
      HyperparameterSchedule(learningRate), momentum: momentum, weightDecay: weightDecay,
      nesterov: nesterov)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, momentum: Double = 0.95, weightDecay: Double = 0.1,
    nesterov: Bool = true
  ) {
    levels = [
      RuleDefinition.muon.level(
        scheduled: [
          "alpha": learningRate, "momentum": .init(momentum), "weight_decay": .init(weightDecay),
          "nesterov": .init(nesterov ? 1 : 0),
        ])
    ]
  }
}

extension RuleDefinition {
  /// Muon, of which α, μ and λ are tuned.
  ///
  /// b ← μ·b + (1−μ)·g, u = μ·b + (1−μ)·g, or b without Nesterov's momentum;
  /// p ← p − α·(√max(1, rows/columns)·O(u) + λ·p), where O(u) is what `NewtonSchulz` makes of u.
  public static let muon = RuleDefinition("muon") { rule in
    let learningRate = rule.learningRate(default: 0.001)
    let momentum = rule.hyperparameter("momentum", default: 0.95, in: 0...1)
    let decay = rule.hyperparameter("weight_decay", default: 0.1)
    let buffer = rule.state("b")
    let next = momentum * buffer + (1 - momentum) * rule.gradient
    rule.update(buffer, to: next)
    let ahead =
      rule.flag("nesterov", default: true)
      ? momentum * next + (1 - momentum) * rule.gradient : next
    return rule.parameter
      - learningRate * (rule.orthogonalized(ahead) + decay * rule.parameter)
  }
}
