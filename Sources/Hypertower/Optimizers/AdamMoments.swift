/// What Adam and its relatives have in common: their hyperparameters, and the running means of gradients and of their
/// squares.
///
/// m ← β1·m + (1−β1)·g, v ← β2·v + (1−β2)·g².
struct AdamMoments {
  let learningRate: Expression
  let beta1: Expression
  let beta2: Expression
  let epsilon: Expression
  /// m and v after the step.
  let mean: Expression
  let squares: Expression
  /// m̂ = m / (1−β1^t).
  let correctedMean: Expression
  /// 1 − β2^t.
  let squaresCorrection: Expression
  /// v̂ = v / (1−β2^t).
  let correctedSquares: Expression

  /// What v is the running mean of, and where it starts.
  enum Squares {
    /// Of g², from 0 on, as PyTorch and optax have it.
    case fromZero
    /// Of g², from ε on, as the tower paper has it.
    case fromEpsilon
    /// Of (g − m)² with m as it is after the step, to which each step adds ε; from 0 on.
    case ofDeviations
  }

  /// - Parameters:
  ///   - learningRate: the default of α.
  ///   - epsilon: the default of ε.
  ///   - squares: default: of g², from 0 on.
  init(
    _ rule: RuleBuilder, learningRate: Double, epsilon: Double = 1e-8,
    squares kind: Squares = .fromZero
  ) {
    self.learningRate = rule.learningRate(default: learningRate)
    beta1 = rule.hyperparameter("beta1", default: 0.9, domain: .unitInterval)
    beta2 = rule.hyperparameter("beta2", default: 0.999, domain: .unitInterval)
    self.epsilon = rule.hyperparameter("eps", default: epsilon, domain: .powerOfTen)
    let m = rule.state("m")
    let v = rule.state("v", initial: kind == .fromEpsilon ? self.epsilon : 0)
    mean = beta1 * m + (1 - beta1) * rule.gradient
    let squared = kind == .ofDeviations ? rule.gradient - mean : rule.gradient
    let running = beta2 * v + (1 - beta2) * (squared * squared)
    squares = kind == .ofDeviations ? running + self.epsilon : running
    rule.update(m, to: mean)
    rule.update(v, to: squares)
    correctedMean = mean / (1 - Self.decay(beta1, rule.step))
    squaresCorrection = 1 - Self.decay(beta2, rule.step)
    correctedSquares = squares / squaresCorrection
  }

  /// √v̂ + ε.
  var root: Expression { correctedSquares.sqrt() + epsilon }

  /// m̂ / (√v̂ + ε).
  var direction: Expression { correctedMean / root }

  /// β^t as e^(t·log β), whose derivative shares the exponential with its value.
  static func decay(_ beta: Expression, _ step: Expression) -> Expression {
    (step * beta.log()).exp()
  }
}
