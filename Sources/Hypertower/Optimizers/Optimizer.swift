/// Something that moves parameters against their gradients: one rule, or a tower of them.
public protocol Optimizer: Sendable {
  /// The rules, bottom first: each is tuned by the next.
  var levels: [UpdateRule] { get }
  /// The optimizer as a tower, which may move groups of parameters in ways of their own.
  var tower: Tower { get }
}

extension Optimizer {
  public var tower: Tower { Tower(levels) }
}

/// A tower in which `upper` tunes the hyperparameters of `lower`'s topmost rule.
///
/// - Precondition: neither has groups of parameters.
public func / (lower: some Optimizer, upper: some Optimizer) -> Tower {
  for optimizer in [lower.tower, upper.tower] {
    require(
      !optimizer.hasGroups, "/: a tower of groups cannot be a level; give each group its own levels"
    )
  }
  return Tower(lower.levels + upper.levels)
}

/// Optimizers stacked on one another: the bottom one moves the weights, every other one the
/// hyperparameters of the one below. Groups of the weights may each have a tower of their own.
///
/// K. Chandra, E. Meijer et al., "Gradient Descent: The Ultimate Optimizer", arXiv 1909.13371.
public struct Tower: Optimizer {
  /// The groups of the weights; one without a selector where there are none.
  public let groups: [ParameterGroup]

  /// The rules, bottom first; where there are groups, those of the first that moves.
  public var levels: [UpdateRule] { moving[0].levels }
  public var tower: Tower { self }

  /// - Precondition: there is at least one level.
  public init(_ levels: [UpdateRule]) {
    require(!levels.isEmpty, "Tower: no levels")
    self.init(groups: [ParameterGroup(selector: nil, levels: levels)])
  }

  /// The number of rules above the bottom one, in the group that has most.
  public var height: Int { groups.map(\.levels.count).max()! - 1 }

  /// Whether the weights are in groups.
  public var hasGroups: Bool { groups[0].selector != nil }
}

extension RuleDefinition {
  /// The rule for arguments that a Swift programmer wrote: wrong ones stop the program.
  func level(_ arguments: [String: Double]) -> UpdateRule {
    level(scheduled: arguments.mapValues { .init($0) })
  }

  /// The same for a rule like Adam, of which the factor alone, given by its name, may have a schedule.
  func level(
    factor: (name: String, value: HyperparameterSchedule), beta1: Double, beta2: Double,
    epsilon: Double, _ others: [String: Double] = [:]
  ) -> UpdateRule {
    let numbers = others.merging(["beta1": beta1, "beta2": beta2, "eps": epsilon]) { $1 }
    return level(
      scheduled: numbers.mapValues { .init($0) }.merging([factor.name: factor.value]) { $1 })
  }

  /// The same with schedules.
  func level(scheduled arguments: [String: HyperparameterSchedule]) -> UpdateRule {
    do {
      return try rule(scheduled: arguments)
    } catch {
      fatalError("\(error)")
    }
  }
}
