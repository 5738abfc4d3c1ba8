/// What a formula of an update rule is written with.
public final class RuleBuilder {
  let recorder = ExpressionRecorder()
  let arguments: [String: HyperparameterSchedule]
  let tunable: RuleDefinition.Tunable
  let domain: HyperparameterDomain
  private(set) var dependsOnDomain = false
  /// Whether the formula of another rule is being written down; see `step(of:)`.
  var isInner = false
  /// The names that may be given as arguments, in the order in which the formula asks for them.
  private(set) var accepted: [String] = []
  private(set) var hyperparameters: [UpdateRule.Hyperparameter] = []
  private(set) var constants: [UpdateRule.Hyperparameter] = []
  /// Which of `accepted` are whole numbers of at least 1.
  private(set) var counts: Set<String> = []
  /// Which of `accepted` are flags.
  private(set) var flags: Set<String> = []
  var states: [UpdateRule.State] = []
  var stateNodes: [Int] = []
  var sharedStates: [UpdateRule.State] = []
  var sums: [Int] = []
  var axisStates: [UpdateRule.AxisState] = []
  var fields: [UpdateRule.Field] = []
  /// Whether the formula asks for fields or states of rows and columns.
  var usesMatrices = false
  /// Whether it has no meaning for tensors of fewer than two axes.
  var needsMatrices = false
  /// Whether each parameter is a tensor of its own: the rule stands above the bottom level.
  let movesNumbers: Bool
  var evaluated: Int?
  private(set) var inputs: [UpdateRule.Input] = []
  private(set) var tunes = UpdateRule.Tunes.all
  private(set) var estimatesStepSize = false
  /// Which of the definition's elements is being written down.
  var element = 0
  /// What the rule takes for the gradient, and for the number of the step, if transforms change these.
  var givenGradient: Expression?
  var stepsOfRule: Expression?
  /// The value of this step of the first step size.
  private(set) var stepSize: Expression?
  /// What a transform's sums go over, if it has any.
  var sumsTensors: SumReach?

  /// The parameter's value before the step.
  public var parameter: Expression { input(.parameter) }
  /// The loss's derivative by the parameter; before the first step there is none for the levels above
  /// the bottom one, and it is 0.
  public var gradient: Expression { givenGradient ?? input(.gradient) }
  /// The number of this step, counted from 1.
  public var step: Expression { stepsOfRule ?? input(.step) }
  /// The Cauchy–Schwarz bound of the gradient, for levels above the bottom one: the gradient of a
  /// hyperparameter h is ⟨g, J⟩, where g is the gradient of what h moves and J = ∂p/∂h is the
  /// derivative of its last step; the bound is ‖g‖·‖J‖ ≥ |⟨g, J⟩|. 0 in the first step.
  ///
  /// Where each tensor has its own h, the norms are taken over that tensor.
  public var gradientBound: Expression { input(.gradientBound) }
  /// The gradient of a step size that all steps so far have in common, for rules that tune step sizes with a
  /// horizon of the run (`tunesLearningRates(perTensor:horizon:)`): ⟨g, E⟩ with g as in `gradientBound`. 0 in
  /// the first step.
  ///
  /// E is the derivative of what the level below moves by such a step size, if its steps did not depend on one
  /// another, less the mean of that over the run: after step n, E ← (1 − 1/n)·E + ∂p/∂α, up to a factor.
  public var runGradient: Expression { input(.runGradient) }
  /// The Cauchy–Schwarz bound of `runGradient`, ‖g‖·‖E‖.
  public var runGradientBound: Expression { input(.runGradientBound) }

  init(
    _ arguments: [String: HyperparameterSchedule], tunable: RuleDefinition.Tunable,
    parameterDomain: HyperparameterDomain, movesNumbers: Bool = false
  ) {
    self.movesNumbers = movesNumbers
    self.arguments = arguments
    self.tunable = tunable
    domain = parameterDomain
  }

  /// How what the rule tunes is stored: as it is for the weights, else as its hyperparameter's domain
  /// says.
  public var parameterDomain: HyperparameterDomain {
    dependsOnDomain = true
    return domain
  }

  /// What an expression that is an input is.
  func input(_ expression: Expression) -> UpdateRule.Input? {
    guard case .input(let number) = recorder.graph.nodes[expression.index(in: recorder)] else {
      return nil
    }
    return inputs[number]
  }

  /// The derivative of an expression by an input.
  func derivative(of value: Expression, by input: Expression) -> Expression {
    let (node, input) = (value.index(in: recorder), input.index(in: recorder))
    return expression(recorder.graph.derivatives(of: node, withRespectTo: [input])[0])
  }

  /// A node of the formula as an expression.
  func expression(_ node: Int) -> Expression { Expression(recorder, node) }

  func input(_ input: UpdateRule.Input) -> Expression {
    let known = inputs.firstIndex(of: input)
    if known == nil { inputs.append(input) }
    return recorder.input(known ?? inputs.count - 1)
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
    let rate = hyperparameter(
      name, default: value, domain: domain, in: 0...(.infinity), isLearningRate: true)
    stepSize = stepSize ?? rate
    return rate
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
    if (tunable == .learningRates || isInner) && !isLearningRate {
      return constant(name, default: value, domain: domain, in: range)
    }
    let value = isInner ? 1 : value
    accepted.append(name)
    return append(
      .init(
        name: name, domain: domain, value: arguments[name]?.value ?? value, defaultValue: value,
        range: range, isLearningRate: isLearningRate, curve: arguments[name]?.curve,
        element: element))
  }

  /// A number that the level above may tune, if it was given; else nil, and the rule does without.
  public func optionalHyperparameter(
    _ name: String, domain: HyperparameterDomain = .real,
    in range: ClosedRange<Double> = 0...(.infinity)
  ) -> Expression? {
    accepted.append(name)
    guard let given = arguments[name] else { return nil }
    let own = UpdateRule.Hyperparameter(
      name: name, domain: domain, value: given.value, defaultValue: nil, range: range,
      curve: given.curve, element: element)
    guard tunable == .all, !isInner else {
      constants.append(own)
      return scheduled(.constant(given.value), own)
    }
    return append(own)
  }

  private func append(_ hyperparameter: UpdateRule.Hyperparameter) -> Expression {
    let number = hyperparameters.count
    hyperparameters.append(hyperparameter)
    return scheduled(
      hyperparameter.domain.natural(input(.hyperparameter(number))), hyperparameter)
  }

  /// The value of this step, made from that of the hyperparameter; as it is for a schedule with a fault,
  /// which the definition then throws.
  private func scheduled(
    _ value: Expression, _ own: UpdateRule.Hyperparameter
  ) -> Expression {
    guard let curve = own.curve, curve.fault(in: own.domain) == nil else { return value }
    return curve.value(
      of: value, step: input(.step),
      plannedSteps: curve.formula.followsLength ? input(.plannedSteps) : nil)
  }

  /// A number that may be given but stays as it is.
  public func constant(
    _ name: String, default value: Double, domain: HyperparameterDomain = .real,
    in range: ClosedRange<Double> = 0...(.infinity)
  ) -> Expression {
    accepted.append(name)
    let given = arguments[name] ?? .init(value)
    let own = UpdateRule.Hyperparameter(
      name: name, domain: domain, value: given.value, defaultValue: value, range: range,
      curve: given.curve, element: element)
    constants.append(own)
    return scheduled(.constant(given.value), own)
  }

  /// A whole number of at least 1 that stays as it is.
  func count(_ name: String, default value: Int) -> Expression {
    counts.insert(name)
    return constant(name, default: Double(value), in: 1...(.infinity))
  }

  /// Something that is so or not, and stays: `name=true` or `name=false` in a tower's text.
  public func flag(_ name: String, default value: Bool = false) -> Bool {
    flags.insert(name)
    accepted.append(name)
    let given = arguments[name]?.value ?? (value ? 1 : 0)
    constants.append(
      .init(
        name: name, domain: .real, value: given, defaultValue: value ? 1 : 0, range: 0...1,
        isFlag: true, curve: arguments[name]?.curve, element: element))
    return given != 0
  }

  /// States that the rule estimates its step size from where its own steps have led, so that nothing may change
  /// these: no transform of steps goes around it.
  public func estimatesItsStepSize() { estimatesStepSize = true }

  /// States that the rule tunes the step sizes of the level below, as its definition marks them
  /// (`learningRate`), and leaves its other hyperparameters as they are.
  ///
  /// - Parameters:
  ///   - perTensor: whether each tensor that the level below moves gets step sizes of its own; default: only
  ///     if that level has them anyway.
  ///   - horizon: what the gradients of the step sizes look back on; default: the last step.
  public func tunesLearningRates(perTensor: Bool = false, horizon: UpdateRule.Horizon = .step) {
    tunes = .learningRates(perTensor: perTensor, horizon: horizon)
  }
}
