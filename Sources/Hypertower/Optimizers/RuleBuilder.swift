/// What a formula of an update rule is written with.
public final class RuleBuilder {
  private let recorder = ExpressionRecorder()
  private let arguments: [String: Double]
  /// The names that may be given as arguments, in the order in which the formula asks for them.
  private(set) var accepted: [String] = []
  private(set) var hyperparameters: [UpdateRule.Hyperparameter] = []
  private(set) var constants: [UpdateRule.Hyperparameter] = []
  private var states: [UpdateRule.State] = []
  private var stateNodes: [Int] = []

  /// The parameter's value before the step.
  public let parameter: Expression
  /// The loss's derivative by the parameter.
  public let gradient: Expression
  /// The number of this step, counted from 1.
  public let step: Expression

  init(_ arguments: [String: Double]) {
    self.arguments = arguments
    parameter = recorder.input(UpdateRule.Input.parameter)
    gradient = recorder.input(UpdateRule.Input.gradient)
    step = recorder.input(UpdateRule.Input.step)
  }

  /// The step size, which the level above may tune: what a run that diverged makes smaller before it
  /// goes on from its last good state.
  ///
  /// A rule may have several, or none.
  ///
  /// - Parameters:
  ///   - name: its name in a tower's text and in logs; default: `alpha`.
  ///   - value: its value where none is given.
  ///   - domain: how it is stored; default: as it is.
  /// - Returns: its value on its natural scale.
  public func learningRate(
    _ name: String = "alpha", default value: Double, domain: HyperparameterDomain = .real
  ) -> Expression {
    hyperparameter(
      name, default: value, domain: domain, in: 0...(.infinity), isLearningRate: true)
  }

  /// A number that the level above may tune.
  ///
  /// - Parameters:
  ///   - name: its name in a tower's text and in logs.
  ///   - value: its value where none is given.
  ///   - domain: how it is stored; default: as it is.
  ///   - range: the values that make sense; default: 0 and above. Others that the domain has are
  ///     accepted, since training may lead there, and are named in `UpdateRule.unusualValues`.
  /// - Returns: its value on its natural scale.
  public func hyperparameter(
    _ name: String, default value: Double, domain: HyperparameterDomain = .real,
    in range: ClosedRange<Double> = 0...(.infinity)
  ) -> Expression {
    hyperparameter(name, default: value, domain: domain, in: range, isLearningRate: false)
  }

  private func hyperparameter(
    _ name: String, default value: Double, domain: HyperparameterDomain,
    in range: ClosedRange<Double>, isLearningRate: Bool
  ) -> Expression {
    accepted.append(name)
    return append(
      .init(
        name: name, domain: domain, value: arguments[name] ?? value, defaultValue: value,
        range: range, isLearningRate: isLearningRate))
  }

  /// A number that the level above may tune, if it was given; else nil, and the rule does without.
  public func optionalHyperparameter(
    _ name: String, domain: HyperparameterDomain = .real,
    in range: ClosedRange<Double> = 0...(.infinity)
  ) -> Expression? {
    accepted.append(name)
    guard let value = arguments[name] else { return nil }
    return append(
      .init(name: name, domain: domain, value: value, defaultValue: nil, range: range))
  }

  private func append(_ hyperparameter: UpdateRule.Hyperparameter) -> Expression {
    let number = hyperparameters.count
    hyperparameters.append(hyperparameter)
    return hyperparameter.domain.natural(
      recorder.input(UpdateRule.Input.hyperparameter(number)))
  }

  /// A number that may be given but stays as it is.
  public func constant(
    _ name: String, default value: Double, domain: HyperparameterDomain = .real,
    in range: ClosedRange<Double> = 0...(.infinity)
  ) -> Expression {
    accepted.append(name)
    let given = arguments[name] ?? value
    constants.append(
      .init(name: name, domain: domain, value: given, defaultValue: value, range: range))
    return .constant(given)
  }

  /// A number kept for every parameter from one step to the next.
  ///
  /// - Parameter initial: its value before the first step, which may depend on hyperparameters;
  ///   it counts as a constant, no gradient flows through it.
  public func state(_ name: String, initial: Expression = 0) -> Expression {
    let number = states.count
    let state = recorder.input(UpdateRule.Input.state(number))
    let node = state.index(in: recorder)
    states.append(
      UpdateRule.State(name: name, initial: initial.index(in: recorder), next: node))
    stateNodes.append(node)
    return state
  }

  /// Sets what a state is after the step.
  public func update(_ state: Expression, to next: Expression) {
    let node = state.index(in: recorder)
    guard let number = stateNodes.firstIndex(of: node) else {
      fatalError("update: not a state of this rule")
    }
    states[number].next = next.index(in: recorder)
  }

  func finish(
    name: String, granularity: UpdateRule.Granularity, newParameter: Expression,
    tensorValues: [String: Double]
  ) -> UpdateRule {
    let output = newParameter.index(in: recorder)
    var graph = recorder.graph
    let inputs = hyperparameters.indices.map {
      graph.append(.input(UpdateRule.Input.hyperparameter($0)))
    }
    let jacobian = graph.derivatives(of: output, withRespectTo: inputs)
    return UpdateRule(
      name: name, granularity: granularity, hyperparameters: hyperparameters,
      tensorValues: tensorValues, constants: constants.filter { $0.value != $0.defaultValue },
      states: states, graph: graph,
      newParameter: output, jacobian: jacobian)
  }
}
