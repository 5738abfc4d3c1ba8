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
  let tunable: Tunable
  let formula: @Sendable (RuleBuilder) -> Expression
  /// What goes around the formula; see `Transform`.
  let transforms: (before: [Transform], after: [Transform])
  /// The name of the rule without them.
  let base: String

  /// Which hyperparameters a level above may tune.
  public enum Tunable: Sendable {
    /// All of them.
    case all
    /// Step sizes alone; the others stay as they are.
    case learningRates
  }

  /// - Parameters:
  ///   - name: how the rule is called in a tower's text.
  ///   - granularity: whether every tensor has its own hyperparameters; default: shared.
  ///   - tunable: which hyperparameters a level above may tune; default: all.
  ///   - formula: writes the rule down and returns the parameter's value after the step.
  public init(
    _ name: String, granularity: UpdateRule.Granularity = .shared, tunable: Tunable = .all,
    formula: @escaping @Sendable (RuleBuilder) -> Expression
  ) {
    self.init(
      name: name, granularity: granularity, tunable: tunable, formula: formula,
      transforms: ([], []), base: name)
  }

  init(
    name: String, granularity: UpdateRule.Granularity, tunable: Tunable,
    formula: @escaping @Sendable (RuleBuilder) -> Expression,
    transforms: (before: [Transform], after: [Transform]), base: String
  ) {
    self.name = name
    self.granularity = granularity
    self.tunable = tunable
    self.formula = formula
    self.transforms = transforms
    self.base = base
  }

  /// The names of the transforms and the rule, as a tower's text has them.
  var elements: [String] {
    transforms.before.map(\.name) + [base] + transforms.after.map(\.name)
  }

  /// The same formula under another name.
  ///
  /// - Parameters:
  ///   - name: how it is called in a tower's text.
  ///   - granularity: whether every tensor has its own hyperparameters; default: as here.
  ///   - tunable: which hyperparameters a level above may tune; default: as here.
  public func variant(
    _ name: String, granularity: UpdateRule.Granularity? = nil, tunable: Tunable? = nil
  ) -> RuleDefinition {
    RuleDefinition(
      name, granularity: granularity ?? self.granularity, tunable: tunable ?? self.tunable,
      formula: formula)
  }

  /// The rule with hyperparameters given by name, on their natural scale; others take their
  /// defaults.
  ///
  /// - Throws: `InputError` for a name that the formula does not know or a value outside its domain. A
  ///   value of the domain outside the range that makes sense is accepted; see
  ///   `UpdateRule.unusualValues`.
  public func rule(_ arguments: [String: Double] = [:]) throws -> UpdateRule {
    try rule(scheduled: arguments.mapValues { .init($0) })
  }

  /// The same with courses over the steps of a run, which are for the hyperparameters that no level
  /// tunes: `rule(scheduled: ["alpha": .cosine(0.003, warmup: 100), "beta1": 0.95])`.
  public func rule(scheduled arguments: [String: HyperparameterSchedule]) throws -> UpdateRule {
    try rule(
      arguments, granularity: nil, tunable: tunable, parameterDomain: .real, horizon: .step)
  }

  /// The rule for a certain place in a tower.
  ///
  /// - Parameters:
  ///   - granularity: default: that of the definition, or if a tensor has values of its own, per tensor.
  ///   - tunable: which hyperparameters the level above tunes.
  ///   - parameterDomain: how what the rule tunes is stored.
  ///   - horizon: what the derivatives for the level above look back on.
  ///   - movesNumbers: whether it stands above the bottom level; default: false.
  func rule(
    _ arguments: [String: HyperparameterSchedule], granularity: UpdateRule.Granularity?,
    tunable: Tunable, parameterDomain: HyperparameterDomain, horizon: UpdateRule.Horizon,
    movesNumbers: Bool = false
  ) throws -> UpdateRule {
    let builder = RuleBuilder(
      arguments, tunable: tunable, parameterDomain: parameterDomain, movesNumbers: movesNumbers)
    let newParameter = builder.write(self)
    if let twice = builder.accepted.first(where: { name in
      builder.accepted.count { $0 == name } > 1
    }) {
      throw InputError(.usage, "\(name): two of them take '\(twice)'; leave one of them out")
    }
    var tensorArguments: [String: Double] = [:]
    for (argument, value) in arguments where !builder.accepted.contains(argument) {
      guard let own = builder.hyperparameters.first(where: { argument.hasSuffix("_\($0.name)") })
      else {
        let names = builder.accepted.joined(separator: ", ")
        throw InputError(.usage, "\(name): unknown argument '\(argument)'; it takes \(names)")
      }
      guard value.curve == nil else {
        throw InputError(
          .usage,
          "\(name): \(argument) cannot have a schedule of its own; give \(own.name) the schedule, which "
            + "all tensors follow, and \(argument) a number")
      }
      try check(value.value, argument, own)
      tensorArguments[argument] = value.value
    }
    for own in builder.constants where builder.counts.contains(own.name) {
      guard own.curve == nil, own.value >= 1, own.value == own.value.rounded() else {
        throw InputError(.usage, "\(name): \(own.name) must be a whole number of at least 1")
      }
    }
    for hyperparameter in builder.hyperparameters + builder.constants {
      try check(
        hyperparameter.value, hyperparameter.name, hyperparameter,
        isStored: !builder.constants.contains { $0.name == hyperparameter.name })
      if let fault = hyperparameter.curve?.fault(in: hyperparameter.domain) {
        throw InputError(.usage, "\(name): \(hyperparameter.name): \(fault)")
      }
    }
    let granularity = granularity ?? (tensorArguments.isEmpty ? self.granularity : .perTensor)
    if granularity == .perTensor, builder.sumsTensors == .all {
      throw InputError(
        .usage,
        "\(name): has hyperparameters for each tensor, and so sums over each; take clip_norm, which clips "
          + "each tensor by its own norm")
    }
    return builder.finish(
      self, granularity: granularity,
      newParameter: newParameter, tensorValues: tensorArguments, horizon: horizon)
  }

  /// The names of arguments that are true or false.
  var flags: Set<String> { written.flags }

  /// The names of all arguments.
  var argumentNames: [String] { written.accepted }

  /// The formula with what it takes where nothing is given.
  private var written: RuleBuilder {
    let builder = RuleBuilder([:], tunable: tunable, parameterDomain: .real)
    _ = builder.write(self)
    return builder
  }

  private func check(
    _ value: Double, _ argument: String, _ hyperparameter: UpdateRule.Hyperparameter,
    isStored: Bool = true
  ) throws {
    if hyperparameter.isFlag, value != 0 && value != 1 || hyperparameter.curve != nil {
      throw InputError(.usage, "\(name): \(argument) must be true or false")
    }
    guard hyperparameter.domain.contains(value) else {
      throw InputError(
        .usage,
        "\(name): \(argument) = \(shortText(value)) is out of range; "
          + hyperparameter.domain.rangeText(isStored: isStored))
    }
  }
}

extension HyperparameterDomain {
  /// The values that there are, in words.
  ///
  /// - Parameter isStored: whether they are stored as the domain says; constants are not.
  func rangeText(isStored: Bool) -> String {
    switch self {
    case .real: "it must be a finite number"
    case .unitInterval: "it must be at least 0 and less than 1"
    case .powerOfTen: "it must be greater than 0" + (isStored ? ", as its logarithm is stored" : "")
    case .square: "it must be at least 0" + (isStored ? ", as its root is stored" : "")
    }
  }
}
