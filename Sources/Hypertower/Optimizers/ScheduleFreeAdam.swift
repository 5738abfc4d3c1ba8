/// Schedule-free Adam: gradients are taken between an average x of the weights and a sequence z that Adam moves;
/// x is what evaluation sees.
///
/// A. Defazio et al., "The Road Less Scheduled", NeurIPS 2024, arXiv 2405.15682, with the defaults of
/// `AdamWScheduleFree` in their package `schedulefree` 1.4.
public struct ScheduleFreeAdam: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α; default: 0.0025.
  ///   - beta1: how near to x gradients are taken, 0 ≤ β1 < 1; default: 0.9.
  ///   - beta2: the decay of the mean of squares; default: 0.999.
  ///   - epsilon: ε, added to the root; default: 1e-8.
  public init(
    _ learningRate: Double = 0.0025, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    self.init(
      HyperparameterSchedule(learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(
    _ learningRate: HyperparameterSchedule, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8
  ) {
    levels = [
      RuleDefinition.scheduleFreeAdam.level(
        factor: ("alpha", learningRate), beta1: beta1, beta2: beta2, epsilon: epsilon)
    ]
  }
}

extension RuleDefinition {
  /// Schedule-free Adam; see `ScheduleFreeAdam`. The parameter is y = (1−β1)·z + β1·x.
  ///
  /// v ← β2·v + (1−β2)·g², ĝ = g / (√(v / (1−β2^t)) + ε), z ← z − α·ĝ, x ← x + c·(z − x), where c is the share of
  /// w in the sum of all w so far, and w the square of the greatest α so far.
  public static let scheduleFreeAdam = RuleDefinition("schedule_free_adam") { rule in
    let learningRate = rule.learningRate(default: 0.0025)
    let beta1 = rule.constant("beta1", default: 0.9, domain: .unitInterval)
    let beta2 = rule.constant("beta2", default: 0.999, domain: .unitInterval)
    let epsilon = rule.constant("eps", default: 1e-8, domain: .powerOfTen)
    // z − x: both start where the weights do.
    let (v, lead) = (rule.state("v"), rule.state("lead"))
    let (greatest, weights) = (rule.sharedState("greatest"), rule.sharedState("weights"))
    let nextGreatest = greatest.atLeast(learningRate)
    let weight = nextGreatest * nextGreatest
    let nextWeights = weights + weight
    rule.update(greatest, to: nextGreatest)
    rule.update(weights, to: nextWeights)
    // 0 / 0 as long as all step sizes are 0.
    let share = Expression.select(nextWeights.isEqual(to: 0), 0, weight / nextWeights)

    let nextV = beta2 * v + (1 - beta2) * (rule.gradient * rule.gradient)
    rule.update(v, to: nextV)
    let corrected = nextV / (1 - (rule.step * beta2.log()).exp())
    let change = learningRate * (rule.gradient / (corrected.sqrt() + epsilon))
    let nextLead = (1 - share) * (lead - change)
    rule.update(lead, to: nextLead)
    let next = rule.parameter - change + beta1 * (lead - nextLead)
    rule.evaluate(at: next - (1 - beta1) * nextLead)
    return next
  }
}
