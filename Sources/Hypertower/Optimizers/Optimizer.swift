/// Something that moves parameters against their gradients: one rule, or a tower of them.
public protocol Optimizer: Sendable {
  /// The rules, bottom first: each is tuned by the next.
  var levels: [UpdateRule] { get }
}

extension Optimizer {
  /// The optimizer as a tower.
  public var tower: Tower { Tower(levels) }
}

/// A tower in which `upper` tunes the hyperparameters of `lower`'s topmost rule.
public func / (lower: some Optimizer, upper: some Optimizer) -> Tower {
  Tower(lower.levels + upper.levels)
}

/// Optimizers stacked on one another: the bottom one moves the weights, every other one the
/// hyperparameters of the one below.
///
/// K. Chandra, E. Meijer et al., "Gradient Descent: The Ultimate Optimizer", arXiv 1909.13371.
public struct Tower: Optimizer {
  public let levels: [UpdateRule]

  /// - Precondition: there is at least one level.
  public init(_ levels: [UpdateRule]) {
    require(!levels.isEmpty, "Tower: no levels")
    self.levels = levels
  }

  /// The number of rules above the bottom one.
  public var height: Int { levels.count - 1 }
}

extension RuleDefinition {
  /// The rule for arguments that a Swift programmer wrote: wrong ones stop the program.
  func level(_ arguments: [String: Double]) -> UpdateRule {
    level(scheduled: arguments.mapValues { .init($0) })
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
