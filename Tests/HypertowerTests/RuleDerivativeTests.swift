import Testing

@testable import Hypertower

/// The derivatives of every rule's new parameter by its raw hyperparameters, as derived from its
/// formula, against central differences of the formula.
@Suite struct RuleDerivativeTests {
  /// Rules at values where differences are well above rounding: log₁₀ ε at −2, for one.
  private static let rules: [UpdateRule] = levels([
    SGD(0.3), SGD(0.3, momentum: 0.9), SGDPerParameter(0.2),
    Adam(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2),
    Adam(0.1, epsilon: 1e-2, tunesOnlyLearningRate: true), AdaGrad(0.2),
    RMSProp(0.09, gamma: 0.9), RMSProp(0.04, tunesOnlyLearningRate: true), Kesten(0.7),
    Lion(0.1), Lion(0.1, beta1: 0.8, weightDecay: 0.3),
    Adam(
      .cosine(0.1, end: 0.02, warmup: 3), beta1: .linear(0.8, end: 0.7), beta2: 0.95,
      epsilon: .constant(1e-2, warmup: 5)),
    RMSProp(.oneCycle(0.09), gamma: .step(0.9, every: 4, factor: 0.9)),
    AdamW(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2, weightDecay: 0.3),
    NAdam(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2, momentumDecay: 0.1),
    RAdam(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2),
    AMSGrad(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2),
    AdaBelief(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2),
    LAMB(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2, weightDecay: 0.3),
    SGD(0.3, momentum: 0.9).addingL2(0.2), SGD(0.3).clippingNorm(0.8),
    Adam(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2).clippingGlobalNorm(0.8).decayingWeights(0.2),
    Adam(0.1, beta1: 0.8, beta2: 0.95, epsilon: 1e-2).accumulating(3).lookingAhead(
      2, slowRate: 0.3),
  ])

  private static func levels(_ optimizers: [any Optimizer]) -> [UpdateRule] {
    optimizers.flatMap(\.levels)
  }

  @Test(arguments: rules.indices)
  func jacobianIsTheDerivative(_ number: Int) throws {
    let rule = Self.rules[number]
    #expect(rule.jacobian.count == rule.hyperparameters.count)
    var random = SeededRandom(UInt64(100 + number))
    for _ in 0..<200 {
      let point = Point(rule, &random)
      let derivatives = point.evaluate(rule.jacobian)
      for h in rule.hyperparameters.indices {
        let difference = centralDifference { shift in
          var moved = point
          moved.hyperparameters[h] += shift
          // The new parameter is of the order of 1; its own part would only add rounding.
          return moved.evaluate([rule.newParameter])[0] - point.parameter
        }
        assertClose(
          derivatives[h], difference, .relativeFromOne(1e-10),
          "\(rule.name): d parameter / d \(rule.hyperparameters[h].rawName) at \(point)")
        if difference.magnitude > 1e-5 {
          assertClose(
            derivatives[h], difference, .relative(1e-6),
            "\(rule.name): d parameter / d \(rule.hyperparameters[h].rawName) at \(point)")
        }
      }
    }
  }

  /// The formulas as the library's rules are defined, at one state, by hand.
  @Test func formulas() throws {
    let (p, g) = (0.7, -0.3)
    func apply(_ optimizer: some Optimizer, states: [Double], step: Double = 2) -> [Double] {
      let rule = optimizer.levels[0]
      let point = Point(
        rule, hyperparameters: rule.rawValues(tensors: ["w"]), states: states, parameter: p,
        gradient: g, step: step)
      return point.evaluate([rule.newParameter] + rule.states.map(\.next))
    }
    func expect(_ actual: [Double], _ expected: [Double], _ name: String) {
      assertClose(actual, expected, .relative(1e-14), name)
    }
    expect(apply(SGD(0.1), states: []), [p - 0.1 * g], "sgd")
    let b = 0.9 * 0.4 + g
    expect(apply(SGD(0.1, momentum: 0.9), states: [0.4]), [p - 0.1 * b, b], "sgd with momentum")
    let sum = 0.1 + g * g
    expect(
      apply(AdaGrad(0.1), states: [0.1]), [p - 0.1 * g / (sum + 1e-10).squareRoot(), sum],
      "adagrad")
    let s = 0.99 * 0.2 + 0.01 * g * g
    expect(
      apply(RMSProp(0.1), states: [0.2]), [p - 0.1 * g / (s + 1e-8).squareRoot(), s], "rmsprop")
    let (m, v) = (0.9 * 0.2 + 0.1 * g, 0.999 * 0.05 + 0.001 * g * g)
    let (meanM, meanV) = (m / (1 - 0.9 * 0.9), v / (1 - 0.999 * 0.999))
    assertClose(
      apply(Adam(0.1), states: [0.2, 0.05]),
      [p - 0.1 * meanM / (meanV.squareRoot() + 1e-8), m, v], .relative(1e-12), "adam")
    let mean = 0.99 * 0.02 + 0.01 * g
    // 0.9 · 0.02 + 0.1 · g < 0, but 0.9 · 0.04 + 0.1 · g > 0.
    expect(apply(Lion(0.1), states: [0.02]), [p + 0.1, mean], "lion")
    expect(
      apply(Lion(0.1, weightDecay: 0.5), states: [0.04]),
      [p - 0.1 * (1 + 0.5 * p), 0.99 * 0.04 + 0.01 * g], "lion with weight decay")
    expect(
      apply(Lion(0.1, beta1: 0.5, beta2: 0.8), states: [0.3]), [p, 0.8 * 0.3 + 0.2 * g],
      "lion at a sign of 0")
  }

  /// By elements: at the bound, the step follows the bound and nothing else does.
  @Test func clippedByValue() {
    let rule = SGD(0.1).clippingValue(0.2).levels[0]
    #expect(rule.hyperparameters.map(\.name) == ["clip_value", "alpha"])
    for (gradient, step, byBound) in [(-0.3, 0.2, 0.1), (0.1, -0.1, 0), (0.5, -0.2, -0.1)] {
      let point = Point(
        rule, hyperparameters: [0.2, 0.1], states: [], parameter: 0.7, gradient: gradient, step: 1)
      assertClose(
        point.evaluate([rule.newParameter] + rule.jacobian), [0.7 + 0.1 * step, byBound, step],
        .absolute(1e-15), "clipped to 0.2: \(gradient)")
    }
  }

  /// A gradient that is not a number must not leave the parameter as it was, unseen.
  @Test func lionTakesNoNumberForTheSignOfNaN() {
    let rule = Lion().levels[0]
    let point = Point(
      rule, hyperparameters: rule.rawValues(tensors: ["w"]), states: [0], parameter: 1,
      gradient: .nan, step: 1)
    #expect(point.evaluate([rule.newParameter])[0].isNaN)
  }

  /// A running mean of squares that has decayed to 0 has a step and derivatives that are finite.
  @Test func noSquaresAtAll() {
    for rule in Self.levels([
      Adam(), RMSProp(), AdaGrad(), Lion(), RAdam(), AMSGrad(), NAdam(),
      AdaBelief(), LAMB(),
    ]) {
      let point = Point(
        rule, hyperparameters: rule.rawValues(tensors: ["w"]),
        states: rule.states.map { _ in 0 }, parameter: 1, gradient: 0, step: 3)
      let values = point.evaluate([rule.newParameter] + rule.jacobian)
      #expect(values == [1] + rule.jacobian.map { _ in 0 }, "\(rule.name)")
    }
  }

  /// The arguments of a formula.
  private struct Point: CustomStringConvertible {
    let rule: UpdateRule
    var hyperparameters: [Double]
    let states: [Double]
    let parameter: Double
    let gradient: Double
    let step: Double

    init(
      _ rule: UpdateRule, hyperparameters: [Double], states: [Double], parameter: Double,
      gradient: Double, step: Double
    ) {
      self.rule = rule
      self.hyperparameters = hyperparameters
      self.states = states
      self.parameter = parameter
      self.gradient = gradient
      self.step = step
    }

    init(_ rule: UpdateRule, _ random: inout SeededRandom) {
      func number(_ range: ClosedRange<Double>) -> Double { .random(in: range, using: &random) }
      self.init(
        rule, hyperparameters: rule.rawValues(tensors: ["w"]).map { $0 + number(-0.05...0.05) },
        // Positive, as means of squares are; momenta may be anything, this too.
        states: rule.states.map { _ in number(0.01...1) }, parameter: number(-1...1),
        gradient: number(-2...2), step: Double(Int.random(in: 1...20, using: &random)))
    }

    var description: String { "h \(hyperparameters), s \(states), g \(gradient), t \(step)" }

    func evaluate(_ nodes: [Int]) -> [Double] {
      rule.graph.evaluate(nodes) { input in
        switch rule.inputs[input] {
        case .parameter: parameter
        case .gradient: gradient
        case .gradientBound, .runGradientBound: 2 * gradient.magnitude
        case .runGradient: 0.9 * gradient
        case .step: step
        case .plannedSteps: 30
        case .hyperparameter(let h): hyperparameters[h]
        case .state(let state): states[state]
        case .sharedState: 0.6
        case .sum: 1.7
        case .axisState, .field, .uniform, .average: .nan
        }
      }
    }
  }
}
