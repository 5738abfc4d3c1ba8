/// Adafactor: Adam without a mean of gradients, whose mean of squares is kept for rows and columns alone, and whose
/// steps are relative to the size of what they move.
///
/// N. Shazeer and M. Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", ICML 2018, arXiv
/// 1804.04235, as optax's `adafactor` has it with `min_dim_size_to_factor=0`; decoupled weight decay and
/// `relativeStep` are those of PyTorch's `torch.optim.Adafactor`.
public struct Adafactor: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0, a share of the root mean square of each tensor; default: 0.01.
  ///   - decayRate: c ≥ 0, with which the decay of the means of squares is 1 − t^−c in step t; default: 0.8.
  ///   - threshold: d > 0, the greatest root mean square of a step before it is multiplied by a step size; default: 1.
  ///   - epsilon: ε₁ > 0, added to squares; default: 1e-30.
  ///   - leastScale: ε₂ > 0, what counts as a tensor's root mean square at least; default: 0.001.
  ///   - weightDecay: λ ≥ 0, of which each step takes α·λ·p off; default: none.
  ///   - relativeStep: whether α is at most 1/√t; default: false.
  public init(
    _ learningRate: Double = 0.01, decayRate: Double = 0.8, threshold: Double = 1,
    epsilon: Double = 1e-30, leastScale: Double = 1e-3, weightDecay: Double? = nil,
    relativeStep: Bool = false
  ) {
    self.init(
      HyperparameterSchedule(learningRate), decayRate: decayRate, threshold: threshold,
      epsilon: epsilon, leastScale: leastScale, weightDecay: weightDecay,
      relativeStep: relativeStep)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, decayRate: Double = 0.8, threshold: Double = 1,
    epsilon: Double = 1e-30, leastScale: Double = 1e-3, weightDecay: Double? = nil,
    relativeStep: Bool = false
  ) {
    var arguments: [String: HyperparameterSchedule] = [
      "alpha": learningRate, "decay_rate": .init(decayRate), "clip": .init(threshold),
      "eps1": .init(epsilon), "eps2": .init(leastScale),
      "relative_step": .init(relativeStep ? 1 : 0),
    ]
    if let weightDecay { arguments["weight_decay"] = .init(weightDecay) }
    levels = [RuleDefinition.adafactor.level(scheduled: arguments)]
  }
}

extension RuleDefinition {
  /// Adafactor, of which α, c and, if it is given, λ are tuned.
  ///
  /// With β = 1 − t^−c, R ← β·R + (1−β)·mean of g² + ε₁ over each row, and C likewise over each column:
  /// u = g / √(R·C / mean(R)), p ← p − α·max(ε₂, rms(p))·u / max(1, rms(u)/d), where rms is the root mean square over
  /// the tensor. A tensor of at most one axis has one column, so that R·C / mean(R) is R.
  public static let adafactor = RuleDefinition("adafactor") { rule in
    let given = rule.learningRate(default: 0.01)
    let decayRate = rule.hyperparameter("decay_rate", default: 0.8)
    let decay = rule.optionalHyperparameter("weight_decay")
    let threshold = rule.constant("clip", default: 1, domain: .powerOfTen)
    let epsilon = rule.constant("eps1", default: 1e-30, domain: .powerOfTen)
    let leastScale = rule.constant("eps2", default: 1e-3, domain: .powerOfTen)
    let learningRate =
      rule.flag("relative_step") ? given.atMost(1 / rule.step.sqrt()) : given
    let (rows, columns) = (rule.rowState("R"), rule.columnState("C"))

    let share = (-decayRate * rule.step.log()).exp()
    let squares = rule.gradient * rule.gradient + epsilon
    let nextRows = (1 - share) * rows + share * rule.rowMean(of: squares)
    let nextColumns = (1 - share) * columns + share * rule.columnMean(of: squares)
    rule.update(rows, to: nextRows)
    rule.update(columns, to: nextColumns)
    // Above the weights, R = C = v is all there is of a number's squares, and R·C/mean(R) is v.
    let rowFactor = (nextRows / rule.tensorMean(of: nextRows)).sqrt()
    let direction = rule.gradient / rowFactor / nextColumns.sqrt()
    let length = rule.tensorMean(of: direction * direction).sqrt()
    let scale = rule.tensorMean(of: rule.parameter * rule.parameter).sqrt().atLeast(leastScale)
    let change = learningRate * scale * direction / (length / threshold).atLeast(1)
    guard let decay else { return rule.parameter - change }
    return rule.parameter - (change + given * decay * rule.parameter)
  }
}
