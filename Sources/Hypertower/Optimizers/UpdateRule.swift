/// One level of a tower: an optimizer's formula with the values of its hyperparameters.
///
/// The formula is data: from it come its derivatives, its OpenCL and its CPU code.
public struct UpdateRule: Sendable {
  /// A number that steers the rule and that the level above may tune.
  public struct Hyperparameter: Sendable {
    /// Its name, as written in a tower's text, such as `beta1`.
    public let name: String
    /// What values it may have, and how they are stored.
    public let domain: HyperparameterDomain
    /// Its initial value, on its natural scale; where it has a schedule, what that is made from.
    public let value: Double
    /// The value it has where none is given; nil if the rule then does without it.
    let defaultValue: Double?
    /// The natural values that make sense; training may lead to others of the domain.
    let range: ClosedRange<Double>
    /// Whether it is the factor of the rule's step: what is made smaller after a divergence.
    public let isLearningRate: Bool
    /// Whether it is written as true or false.
    let isFlag: Bool
    /// The course of its value over the steps of a run, if it has one.
    let curve: ScheduleCurve?
    /// Which of its definition's elements it belongs to.
    let element: Int

    init(
      name: String, domain: HyperparameterDomain, value: Double, defaultValue: Double?,
      range: ClosedRange<Double>, isLearningRate: Bool = false, isFlag: Bool = false,
      curve: ScheduleCurve? = nil, element: Int = 0
    ) {
      (self.name, self.domain, self.value) = (name, domain, value)
      (self.defaultValue, self.range) = (defaultValue, range)
      (self.isLearningRate, self.isFlag) = (isLearningRate, isFlag)
      (self.curve, self.element) = (curve, element)
    }

    /// The name of the stored value: `log_eps` for `eps`, for one.
    package var rawName: String { domain.rawName(name) }

    func withValue(_ value: Double) -> Hyperparameter {
      Hyperparameter(
        name: name, domain: domain, value: value, defaultValue: defaultValue, range: range,
        isLearningRate: isLearningRate, curve: curve, element: element)
    }
  }

  /// A number that the rule keeps for every parameter from one step to the next.
  struct State: Sendable {
    let name: String
    /// Its value before the first step: an output of the graph.
    let initial: Int
    /// Its value after a step: an output of the graph.
    var next: Int
  }

  /// Whether one set of hyperparameters serves all tensors that the rule updates, or each tensor
  /// has its own.
  public enum Granularity: Sendable {
    /// One set for all tensors.
    case shared
    /// Each tensor has its own.
    case perTensor
  }

  /// What a formula depends on.
  package enum Input: Hashable, Sendable {
    /// The value that the rule moves.
    case parameter
    /// The loss's derivative by it.
    case gradient
    /// The Cauchy–Schwarz bound of the gradient; see `RuleBuilder.gradientBound`.
    case gradientBound
    /// The loss's derivative by it that looks back on the run, and the bound of that; see
    /// `RuleBuilder.runGradient`.
    case runGradient
    case runGradientBound
    /// The number of the step, from 1 on.
    case step
    /// The number of steps that the run is planned to have; see `HyperparameterSchedule`.
    case plannedSteps
    /// The raw hyperparameter of that number.
    case hyperparameter(Int)
    /// The state of that number.
    case state(Int)
    /// The state of that number that all parameters share.
    case sharedState(Int)
    /// The state of that number of the parameter's row or column.
    case axisState(Int)
    /// What is taken from the whole tensor under that number; see `Field`.
    case field(Int)
    /// The sum of that number over all parameters.
    case sum(Int)
    /// A value that is the same for all parameters of a tensor; see `SplitRule`.
    case uniform(Int)
    /// The average of the parameter over the steps so far; see `WeightAverage`.
    case average
  }

  /// Which hyperparameters of the level below a rule tunes.
  enum Tunes: Sendable, Hashable {
    case all
    /// Its step sizes; with `perTensor`, each tensor that the level below moves gets its own.
    case learningRates(perTensor: Bool, horizon: Horizon)
  }

  /// What the gradients of a level's step sizes, which the level above is given, look back on.
  public enum Horizon: Sendable {
    /// The last step: ∂p/∂α, all that the step started from being constant.
    case step
    /// The whole run as well: the derivative by a step size that all steps so far have in common, which is
    /// Σ ∂p/∂α over the steps if these do not depend on one another, less its mean over the run.
    case run
  }

  /// The rule's name in a tower's text.
  public let name: String
  /// Whether tensors share the hyperparameters.
  public let granularity: Granularity
  /// What steers the rule, in the formula's order.
  public internal(set) var hyperparameters: [Hyperparameter]
  /// Values that differ from those of `hyperparameters` for one tensor, by `tensor_hyperparameter`.
  package var tensorValues: [String: Double] = [:]
  /// Constants of the formula that differ from their defaults, such as `beta1` of `adam_alpha`.
  let constants: [Hyperparameter]

  let states: [State]
  /// Numbers that the rule keeps for all parameters together.
  let sharedStates: [State]
  /// Numbers that the rule keeps for rows and columns.
  let axisStates: [AxisState]
  /// What is taken from whole tensors; operands are nodes of the graph.
  let fields: [Field]
  /// What is summed over all parameters: outputs of the graph.
  let sums: [Int]
  /// What the inputs of `graph` are, by their numbers.
  let inputs: [Input]
  let graph: ScalarGraph
  /// The node of the parameter's value after the step.
  let newParameter: Int
  /// The node of what evaluation takes for the parameter after the step, if that is something else.
  let evaluated: Int?
  /// See `RuleBuilder.estimatesItsStepSize`.
  let estimatesStepSize: Bool
  /// The nodes of the derivatives of the new parameter by each raw hyperparameter.
  let jacobian: [Int]
  /// Which hyperparameters of the level below the rule tunes.
  let tunes: Tunes
  /// Whether the formula depends on how what it moves is stored.
  let dependsOnParameterDomain: Bool
  /// Which of its hyperparameters a level above may tune, and how what it moves is stored: what the rule was
  /// made for.
  let tunable: RuleDefinition.Tunable
  let parameterDomain: HyperparameterDomain
  /// What the gradients of its step sizes, for the level above, look back on.
  let horizon: Horizon
  /// The first of the sums that the gradients of the run are made of; see `RuleBuilder.appendRun(of:)`.
  let firstRunSum: Int?
  /// Whether the formula asks for what is taken from whole tensors, and whether these must have two axes or more.
  let usesMatrices: Bool
  let needsMatrices: Bool
  /// Whether each parameter is a tensor of its own, as above the bottom level.
  let movesNumbers: Bool
  /// What the rule was made of.
  let definition: RuleDefinition

  /// Whether the formula depends on the bound of the gradient, which only the levels above the bottom
  /// one have.
  var usesGradientBound: Bool { inputs.contains(.gradientBound) }
  /// Whether the formula depends on gradients that look back on the run.
  var usesRunGradient: Bool {
    inputs.contains(.runGradient) || inputs.contains(.runGradientBound)
  }
}
