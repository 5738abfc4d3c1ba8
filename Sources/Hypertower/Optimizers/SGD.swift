/// Stochastic gradient descent: p ← p − α·g, or with momentum b ← μ·b + g, p ← p − α·b.
///
/// The step size α and, where there is one, the momentum μ are hyperparameters.
public struct SGD: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameters:
  ///   - learningRate: the step size α ≥ 0; default: 0.01.
  ///   - momentum: μ in 0...1; default: none.
  public init(_ learningRate: Double = 0.01, momentum: Double? = nil) {
    var arguments = ["alpha": learningRate]
    arguments["momentum"] = momentum
    levels = [RuleDefinition.sgd.level(arguments)]
  }

  /// The same with schedules, numbers among them; see `HyperparameterSchedule`.
  public init(_ learningRate: HyperparameterSchedule, momentum: HyperparameterSchedule? = nil) {
    var arguments = ["alpha": learningRate]
    arguments["momentum"] = momentum
    levels = [RuleDefinition.sgd.level(scheduled: arguments)]
  }
}

/// Stochastic gradient descent with a step size for each named tensor of what it moves.
public struct SGDPerParameter: Optimizer {
  /// The one rule that this is.
  public let levels: [UpdateRule]

  /// - Parameter learningRate: the initial step size α ≥ 0 of every tensor; default: 0.01.
  public init(_ learningRate: Double = 0.01) {
    levels = [RuleDefinition.sgdPerParameter.level(["alpha": learningRate])]
  }

  /// The same with a schedule, which all tensors follow; see `HyperparameterSchedule`.
  public init(_ learningRate: HyperparameterSchedule) {
    levels = [RuleDefinition.sgdPerParameter.level(scheduled: ["alpha": learningRate])]
  }
}

extension RuleDefinition {
  /// Stochastic gradient descent, with momentum if one is given.
  public static let sgd = RuleDefinition("sgd") { rule in
    let learningRate = rule.learningRate(default: 0.01)
    guard let momentum = rule.optionalHyperparameter("momentum", in: 0...1) else {
      return rule.parameter - learningRate * rule.gradient
    }
    let velocity = rule.state("b")
    let next = momentum * velocity + rule.gradient
    rule.update(velocity, to: next)
    return rule.parameter - learningRate * next
  }

  /// Stochastic gradient descent with a step size for each tensor.
  public static let sgdPerParameter = sgd.variant("sgd_per_parameter", granularity: .perTensor)
}
