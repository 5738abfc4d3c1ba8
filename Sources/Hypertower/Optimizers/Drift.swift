/// Tunes the step sizes of the level below without a choice of its own, by whether the way of a whole run still
/// leads downhill.
///
/// With g the gradient of what the level below moves and J = ∂p/∂α the derivative of its last step by its step size,
/// as in `Kesten`, and E the derivative by a step size that all steps so far have in common, less its mean over the
/// run, in move number n of α:
/// E ← (1 − 1/n)·E + J, s = −⟨g, J⟩ / (‖g‖·‖J‖), r = −⟨g, E⟩ / (‖g‖·‖E‖), c = r, but within s ± 0.2,
/// α ← α·e^(κ·c·min(1, √(20/n))).
///
/// As long as the loss falls along the way from the mean to now, the step size grows; where moving about costs
/// more than the way gains, it falls. A single step cannot tell one from the other: with noise, or with sharp and
/// flat directions at once, consecutive gradients disagree long before a step size is too large for progress
/// (Y. Wu et al., "Understanding Short-Horizon Bias in Stochastic Meta-Optimization", ICLR 2018). What moving
/// about costs does not depend on the length of the way; what the way gains does.
///
/// Where consecutive steps do tell, because there is little noise, s bounds c: a way that has gone too far would
/// otherwise hold the step size down long after the steps have turned back.
///
/// α grows only while ‖E‖ ≤ 2·n·‖J‖. E is at most n/2 times as long as its derivatives are on average, so J is then no
/// shorter than a quarter of these. Below that, gradients have vanished faster than the rule below forgets them, as
/// Adam's second moments do where the data are learned entirely: α would make up for it without end, and its steps be far
/// too long as soon as they are forgotten.
///
/// E looks back on a share of the run so far, whatever its length. So the gain falls as the mean of so many noisy
/// cosines becomes certain.
public struct Drift: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - kappa: κ > 0, the most that the logarithm of a step size moves at once; default: 1.
  ///   - perTensor: whether each tensor that the level below moves gets a step size of its own;
  ///     default: false.
  public init(_ kappa: Double = 1, perTensor: Bool = false) {
    self.init(HyperparameterSchedule(kappa), perTensor: perTensor)
  }

  /// The same with a schedule; see `HyperparameterSchedule`.
  public init(_ kappa: HyperparameterSchedule, perTensor: Bool = false) {
    let arguments = ["kappa": kappa, "per_tensor": perTensor ? 1.0 : 0.0]
    levels = [RuleDefinition.drift.level(scheduled: arguments)]
  }
}

extension RuleDefinition {
  /// The level that looks back on the whole run; see `Drift`.
  public static let drift = RuleDefinition("drift") { rule in
    let kappa = rule.learningRate("kappa", default: 1)
    rule.tunesLearningRates(perTensor: rule.flag("per_tensor"), horizon: .run)
    let (moves, hasBegun) = (rule.state("n"), rule.state("begun"))
    let (ofStep, isStill) = rule.descentCosine
    // In the first step of a run, and after step sizes were changed from outside, there is no way to look back on.
    let isMove = Expression.select(isStill, 0, hasBegun)
    let nextMoves = moves + isMove
    rule.update(moves, to: nextMoves)
    rule.update(hasBegun, to: 1)
    let trust = Expression.constant(trustInTheRun)
    let ofRun = rule.runDescentCosine.atLeast(ofStep - trust).atMost(ofStep + trust)
    let hasVanished = (2 * nextMoves).isLess(than: rule.runLength)
    let cosine = Expression.select(isMove, .select(hasVanished, ofRun.atMost(0), ofRun), 0)
    let most = Expression.constant(movesAtFullGain)
    let gain = (most / nextMoves.atLeast(most)).sqrt()
    return rule.parameter(timesExponentialOf: kappa * cosine * gain)
  }
}

/// How far the cosine of the run may lie from that of the last step.
private let trustInTheRun = 0.2
/// The number of moves before the gain falls: enough for a step size that is a hundred million times too small.
private let movesAtFullGain = 20.0
