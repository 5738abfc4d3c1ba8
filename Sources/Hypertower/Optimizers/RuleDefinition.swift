/// An optimizer as it is defined: a name and a formula.
///
/// The formula states which hyperparameters and states there are while it is written down:
///
/// ```swift
/// static let momentum = RuleDefinition("momentum") { rule in
///   let learningRate = rule.hyperparameter("alpha", default: 0.01)
///   let momentum = rule.hyperparameter("momentum", default: 0.9, in: 0...1)
///   let velocity = rule.state("b")
///   let next = momentum * velocity + rule.gradient
///   rule.update(velocity, to: next)
///   return rule.parameter - learningRate * next
/// }
/// ```
public struct RuleDefinition: Sendable {
  /// The name in a tower's text.
  public let name: String
  let granularity: UpdateRule.Granularity
  private let formula: @Sendable (RuleBuilder) -> Expression

  /// - Parameters:
  ///   - name: how the rule is called in a tower's text.
  ///   - granularity: whether every tensor has its own hyperparameters; default: shared.
  ///   - formula: writes the rule down and returns the parameter's value after the step.
  public init(
    _ name: String, granularity: UpdateRule.Granularity = .shared,
    formula: @escaping @Sendable (RuleBuilder) -> Expression
  ) {
    self.name = name
    self.granularity = granularity
    self.formula = formula
  }

  /// The rule with hyperparameters given by name, on their natural scale; others take their
  /// defaults.
  ///
  /// - Throws: `InputError` for a name that the formula does not know or a value outside its range.
  public func rule(_ arguments: [String: Double] = [:]) throws -> UpdateRule {
    let builder = RuleBuilder(arguments)
    let newParameter = formula(builder)
    var tensorArguments: [String: Double] = [:]
    for (argument, value) in arguments where !builder.accepted.contains(argument) {
      guard granularity == .perTensor,
        let own = builder.hyperparameters.first(where: { argument.hasSuffix("_\($0.name)") })
      else {
        let names = builder.accepted.joined(separator: ", ")
        throw InputError(.usage, "\(name): unknown argument '\(argument)'; it takes \(names)")
      }
      try check(value, argument, own)
      tensorArguments[argument] = value
    }
    for hyperparameter in builder.hyperparameters + builder.constants {
      try check(hyperparameter.value, hyperparameter.name, hyperparameter)
    }
    return builder.finish(
      name: name, granularity: granularity, newParameter: newParameter,
      tensorValues: tensorArguments)
  }

  private func check(
    _ value: Double, _ argument: String, _ hyperparameter: UpdateRule.Hyperparameter
  ) throws {
    guard hyperparameter.domain.contains(value), hyperparameter.range.contains(value),
      Float(value).isFinite
    else {
      throw InputError(
        .usage, "\(name): \(argument) = \(value) is out of range; \(hyperparameter.rangeText)")
    }
  }
}

extension UpdateRule.Hyperparameter {
  /// The values that make sense, in words.
  fileprivate var rangeText: String {
    switch domain {
    case .unitInterval: return "it must lie between 0 and 1, both excluded"
    case .powerOfTen: return "it must be greater than 0"
    case .real, .square:
      let lower = max(range.lowerBound, domain == .square ? 0 : -.infinity)
      if !range.upperBound.isFinite && !lower.isFinite { return "it must be a finite number" }
      if !range.upperBound.isFinite { return "it must be a finite number of at least \(lower)" }
      return "it must lie in \(lower)...\(range.upperBound)"
    }
  }
}
