/// An optimizer as it is defined: a name and a formula.
///
/// The formula states which hyperparameters and states there are while it is written down:
///
/// ```swift
/// static let momentum = RuleDefinition("momentum") { rule in
///   let learningRate = rule.learningRate(default: 0.01)
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
  /// - Throws: `InputError` for a name that the formula does not know or a value outside its domain. A
  ///   value of the domain outside the range that makes sense is accepted; see
  ///   `UpdateRule.unusualValues`.
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
    guard hyperparameter.domain.contains(value) else {
      throw InputError(
        .usage,
        "\(name): \(argument) = \(shortText(value)) is out of range; "
          + hyperparameter.domain.rangeText)
    }
  }
}

extension HyperparameterDomain {
  /// The values that can be stored, in words.
  fileprivate var rangeText: String {
    switch self {
    case .real: "it must be a finite number"
    case .unitInterval: "it must be at least 0 and less than 1"
    case .powerOfTen: "it must be greater than 0, as its logarithm is stored"
    case .square: "it must be at least 0, as its root is stored"
    }
  }
}
