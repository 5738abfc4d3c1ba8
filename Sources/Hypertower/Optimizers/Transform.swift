/// What goes around a rule: changes the gradient that the rule is given, or the step that it makes.
///
/// In a tower's text, `|` stands between a level's transforms and its rule, in the order in which they act:
/// `clip_norm(1) | adam() | weight_decay(0.01) / sgd(0.01)`. In Swift: `Adam().clippingNorm(1).decayingWeights(0.01)`.
///
/// A transform's numbers are hyperparameters of the level, which the level above may tune where they act on the step by
/// a derivative.
struct Transform: Sendable {
  /// The name in a tower's text, and of its first argument.
  let name: String
  let action: Action

  enum Action: Sendable {
    /// Of the rule's gradient, another.
    case onGradient(@Sendable (RuleBuilder, Expression) -> Expression)
    /// Of what the rule adds to the parameter, something else.
    case onStep(@Sendable (RuleBuilder, Expression) -> Expression)
    /// Lets what follows see the mean gradient of so many batches, and act after the last of them alone.
    case onBatches(@Sendable (RuleBuilder) -> Expression)
  }

  /// Whether it stands before the rule.
  var isBeforeRule: Bool {
    switch action {
    case .onGradient, .onBatches: true
    case .onStep: false
    }
  }

  /// The transforms that a tower's text may name.
  static let standard: [Transform] = [
    .accumulate, .l2, .clipValue, .clipNorm, .clipGlobalNorm, .weightDecay, .lookahead,
  ]

  /// g + λ·p: weight decay that the rule takes for a part of the gradient.
  static let l2 = Transform(
    "l2",
    .onGradient { rule, gradient in
      gradient + rule.hyperparameter("l2", default: 0.01) * rule.parameter
    })

  /// g, but at least −c and at most c.
  static let clipValue = Transform(
    "clip_value",
    .onGradient { rule, gradient in
      let bound = rule.hyperparameter("clip_value", default: 1)
      return gradient.clamped(from: -bound, to: bound)
    })

  /// g·min(1, c/‖g‖) with the norm of each tensor's gradient. The level has hyperparameters for each tensor.
  static let clipNorm = Transform(
    "clip_norm",
    .onGradient { rule, gradient in
      rule.sumsTensors = .each
      return clipped(gradient, rule, to: "clip_norm")
    })

  /// The same with the norm over all that the level moves.
  static let clipGlobalNorm = Transform(
    "clip_global_norm",
    .onGradient { rule, gradient in
      rule.sumsTensors = .all
      return clipped(gradient, rule, to: "clip_global_norm")
    })

  private static func clipped(
    _ gradient: Expression, _ rule: RuleBuilder, to name: String
  ) -> Expression {
    let bound = rule.hyperparameter(name, default: 1)
    let norm = rule.norm(of: gradient)
    // 0 / 0 where there is no gradient would have no derivative, though it is not chosen.
    let isLong = bound.isLess(than: norm)
    return gradient * .select(isLong, bound / .select(isLong, norm, 1), 1)
  }

  /// Also takes α·λ·p off, where α is the rule's step size, as AdamW does; without one, λ·p.
  static let weightDecay = Transform(
    "weight_decay",
    .onStep { rule, step in
      let decay = rule.hyperparameter("weight_decay", default: 0.01) * rule.parameter
      return step - (rule.stepSize.map { $0 * decay } ?? decay)
    })

  /// After every k steps of the rule, goes back to a share α of the way that these have made.
  ///
  /// M. Zhang, J. Lucas, G. Hinton and J. Ba, "Lookahead Optimizer: k steps forward, 1 step back", arXiv 1907.08610.
  static let lookahead = Transform(
    "lookahead",
    .onStep { rule, step in
      let count = rule.count("lookahead", default: 5)
      let share = rule.hyperparameter("slow_rate", default: 0.5, in: 0...1)
      // The way from the slow weights, which are where the last one began.
      let way = rule.state("lookahead_way")
      let next = way + step
      let isLast = multiple(rule.step, of: count)
      rule.update(way, to: .select(isLast, 0, next))
      return .select(isLast, step - (1 - share) * next, step)
    })

  /// The mean gradient of k batches makes one step, after the last of them.
  static let accumulate = Transform(
    "accumulate",
    .onBatches { rule in
      rule.count("accumulate", default: 2)
    })

  init(_ name: String, _ action: Action) { (self.name, self.action) = (name, action) }

  /// Its arguments alone, as those of a rule that moves nothing.
  var arguments: RuleDefinition {
    RuleDefinition(name) { rule in
      switch action {
      case .onGradient(let change), .onStep(let change): _ = change(rule, rule.gradient)
      case .onBatches(let batches): _ = batches(rule)
      }
      return rule.parameter
    }
  }

  /// Whether a whole number is a multiple of another, on devices too whose quotients are not exact.
  static func multiple(_ number: Expression, of count: Expression) -> Expression {
    ((number / count + 0.5).floor() * count).isEqual(to: number)
  }
}

extension Optimizer {
  /// Weight decay λ as a part of the gradient: `l2(λ) | …`.
  ///
  /// - Precondition: this is one level, as for all transforms, around which the transform may go: a tower's text says
  ///   what does not fit.
  public func addingL2(_ decay: Double) -> Tower { transformed(.l2, ["l2": decay]) }

  /// Gradients of at most `bound` in magnitude, element by element: `clip_value(bound) | …`.
  public func clippingValue(_ bound: Double) -> Tower {
    transformed(.clipValue, ["clip_value": bound])
  }

  /// Gradients whose norm is at most `bound` for each tensor: `clip_norm(bound) | …`.
  public func clippingNorm(_ bound: Double) -> Tower {
    transformed(.clipNorm, ["clip_norm": bound])
  }

  /// Gradients whose norm over all parameters is at most `bound`: `clip_global_norm(bound) | …`.
  public func clippingGlobalNorm(_ bound: Double) -> Tower {
    transformed(.clipGlobalNorm, ["clip_global_norm": bound])
  }

  /// A step after every `count` batches, along the mean of their gradients: `accumulate(count) | …`.
  public func accumulating(_ count: Int) -> Tower {
    transformed(.accumulate, ["accumulate": Double(count)])
  }

  /// Decoupled weight decay λ: `… | weight_decay(λ)`.
  ///
  /// - Precondition: the rule has no weight decay of its own, and does not estimate its step size.
  public func decayingWeights(_ decay: Double) -> Tower {
    transformed(.weightDecay, ["weight_decay": decay])
  }

  /// Steps back to `slowRate` of the way after every `count` steps: `… | lookahead(count, slow_rate=)`.
  ///
  /// - Precondition: `count` is at least 1, and the rule does not estimate its step size.
  public func lookingAhead(_ count: Int = 5, slowRate: Double = 0.5) -> Tower {
    transformed(.lookahead, ["lookahead": Double(count), "slow_rate": slowRate])
  }

  private func transformed(_ transform: Transform, _ arguments: [String: Double]) -> Tower {
    require(
      !tower.hasGroups && levels.count == 1,
      "\(transform.name): transforms go around one level; write Adam().clippingNorm(1) / SGD()")
    do {
      return Tower([try levels[0].transformed(transform, arguments)])
    } catch {
      fatalError("\(error)")
    }
  }
}
