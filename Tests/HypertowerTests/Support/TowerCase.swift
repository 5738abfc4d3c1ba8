import Glibc

@testable import Hypertower

/// A tower, for the engine and by hand.
struct TowerCase: Sendable, CustomStringConvertible {
  let name: String
  let tower: Tower
  let rules: [ReferenceRule]

  init(_ name: String, _ levels: [Level]) {
    self.name = name
    tower = Tower(levels.flatMap(\.optimizer.levels))
    rules = levels.map(\.rule)
  }

  var description: String { name }

  struct Level {
    let optimizer: any Optimizer
    let rule: ReferenceRule

    static func sgd(_ alpha: Double) -> Level {
      Level(optimizer: SGD(alpha), rule: .init(kind: .sgd, initial: [alpha]))
    }
    static func momentum(_ alpha: Double, _ momentum: Double) -> Level {
      Level(
        optimizer: SGD(alpha, momentum: momentum),
        rule: .init(kind: .momentum, initial: [alpha, momentum]))
    }
    static func perTensor(_ alpha: Double) -> Level {
      Level(optimizer: SGDPerParameter(alpha), rule: .init(kind: .perTensor, initial: [alpha]))
    }
    static func adam(_ alpha: Double) -> Level {
      Level(
        optimizer: Adam(alpha, beta1: 0.8, beta2: 0.95, epsilon: 1e-2),
        rule: .init(kind: .adam, initial: [alpha, atanh(0.6), atanh(0.9), -2]))
    }
    static func adamAlpha(_ alpha: Double) -> Level {
      Level(
        optimizer: Adam(
          alpha, beta1: 0.8, beta2: 0.95, epsilon: 1e-2, tunesOnlyLearningRate: true),
        rule: .init(kind: .adamAlpha, initial: [alpha], constants: [0.8, 0.95, 1e-2]))
    }
    static func adagrad(_ alpha: Double) -> Level {
      Level(optimizer: AdaGrad(alpha), rule: .init(kind: .adagrad, initial: [alpha]))
    }
    static func rmsprop(_ alpha: Double) -> Level {
      Level(
        optimizer: RMSProp(alpha, gamma: 0.9),
        rule: .init(kind: .rmsprop, initial: [alpha.squareRoot(), atanh(0.8)]))
    }
    static func rmspropAlpha(_ alpha: Double) -> Level {
      Level(
        optimizer: RMSProp(alpha, gamma: 0.9, tunesOnlyLearningRate: true),
        rule: .init(kind: .rmspropAlpha, initial: [alpha.squareRoot()], constants: [0.9]))
    }
    static func lion(_ alpha: Double, decay: Double) -> Level {
      Level(
        optimizer: Lion(alpha, beta1: 0.8, beta2: 0.95, weightDecay: decay),
        rule: .init(kind: .lion, initial: [alpha, decay], constants: [0.8, 0.95]))
    }
  }

  /// Adam's relatives, at the bottom, in the middle and at the top.
  static let moments: [TowerCase] = {
    func relative(_ kind: ReferenceRule.Moments, _ alpha: Double) -> Level {
      let definition = RuleDefinition.standard.first { $0.name == kind.rawValue }!
      var arguments = ["alpha": alpha, "beta1": 0.8, "beta2": 0.95, "eps": 1e-2]
      var rule = ReferenceRule(
        kind: .moments(kind), initial: [alpha, atanh(0.6), atanh(0.9), -2])
      if kind == .adamw {
        arguments["weight_decay"] = 0.2
        rule = .init(kind: rule.kind, initial: rule.initial + [0.2])
      } else if kind == .lamb {
        arguments["weight_decay"] = 0.2
        rule = .init(kind: rule.kind, initial: [alpha], constants: [0.8, 0.95, 1e-2, 0.2])
      }
      return Level(optimizer: Tower([definition.level(arguments)]), rule: rule)
    }
    return [
      TowerCase("three of adamw", [.adamw, .adamw, .adamw].map { relative($0, 0.05) }),
      TowerCase("three of nadam", [.nadam, .nadam, .nadam].map { relative($0, 0.05) }),
      TowerCase("three of radam", [.radam, .radam, .radam].map { relative($0, 0.2) }),
      TowerCase("three of amsgrad", [.amsgrad, .amsgrad, .amsgrad].map { relative($0, 0.05) }),
      TowerCase(
        "three of adabelief", [.adabelief, .adabelief, .adabelief].map { relative($0, 0.02) }),
      TowerCase("lamb on adam", [.adam(0.05), relative(.lamb, 0.02), .sgd(0.1)]),
      TowerCase("lamb at the bottom", [relative(.lamb, 0.05), .sgd(0.1), relative(.lamb, 0.02)]),
    ]
  }()

  /// Transforms around levels, at the bottom, in the middle and at the top.
  static let transforms: [TowerCase] = {
    func clipped(_ bound: Double, _ alpha: Double) -> Level {
      Level(
        optimizer: SGD(alpha).clippingGlobalNorm(bound).decayingWeights(0.2),
        rule: .init(kind: .clipped, initial: [bound, alpha, 0.2]))
    }
    func lookingAhead(_ alpha: Double) -> Level {
      Level(
        optimizer: SGD(alpha).addingL2(0.3).lookingAhead(2, slowRate: 0.4),
        rule: .init(kind: .lookingAhead, initial: [0.3, alpha, 0.4]))
    }
    return [
      TowerCase("clipped on clipped", [clipped(0.1, 0.5), clipped(0.05, 0.5), .adam(0.05)]),
      TowerCase("looking ahead", [lookingAhead(0.5), lookingAhead(0.3), .sgd(0.5)]),
    ]
  }()

  /// Rules that look at all of what they move, at the bottom, at levels 1 and 2, and above several others.
  static let sums: [TowerCase] = {
    func dog(_ factor: Double = 1) -> Level {
      Level(
        optimizer: DoG(factor, initialDistance: 0.1),
        rule: .init(kind: .dog, initial: [factor], constants: [0.1]))
    }
    let prodigy = Level(
      optimizer: Prodigy(0.8, beta1: 0.8, beta2: 0.95, epsilon: 1e-2, initialDistance: 0.05),
      rule: .init(kind: .prodigy, initial: [0.8], constants: [0.8, 0.95, 1e-2, 0.05]))
    func coupled(_ alpha: Double, _ momentum: Double, perTensor: Bool = false) -> Level {
      let definition = perTensor ? RuleDefinition.coupledPerTensor : .coupled
      return Level(
        optimizer: Tower([definition.level(["alpha": alpha, "mu": momentum])]),
        rule: .init(kind: perTensor ? .coupledPerTensor : .coupled, initial: [alpha, momentum]))
    }
    let kesten = Level(optimizer: Kesten(), rule: .init(kind: .kesten, initial: [1]))
    return [
      TowerCase("dog on sgd", [.sgd(0.5), dog(), .sgd(0.1)]),
      TowerCase("dog twice on adam", [.adam(0.05), dog(), dog(), .sgd(0.3)]),
      TowerCase("dog on dog on dog", [dog(), dog(), dog(0.5)]),
      TowerCase("prodigy on rmsprop", [.rmsprop(0.02), prodigy, .adam(0.05)]),
      TowerCase("prodigy at level 2", [.perTensor(0.6), .sgd(0.3), prodigy, .sgd(0.3)]),
      TowerCase("prodigy on prodigy", [prodigy, prodigy]),
      TowerCase(
        "coupled at levels 1 and 2", [.momentum(0.2, 0.7), coupled(0.1, 0.4), coupled(0.2, 0.3)]),
      TowerCase(
        "coupled from the bottom, below adam",
        [coupled(0.1, 0.6), coupled(0.1, 0.4), coupled(0.2, 0.3), .adam(0.05)]),
      TowerCase(
        "coupled per tensor",
        [.adam(0.05), coupled(0.1, 0.4, perTensor: true), coupled(0.2, 0.3), .sgd(0.1)]),
      TowerCase(
        "coupled per tensor, from the bottom",
        [coupled(0.1, 0.6, perTensor: true), coupled(0.1, 0.4, perTensor: true), .sgd(0.1)]),
      TowerCase("kesten on dog", [.adam(0.05), dog(), kesten]),
    ]
  }()

  /// A level that tunes step sizes, and what is below it as it then is: step sizes alone are tuned.
  static let untuned: [TowerCase] = {
    func kesten(_ kappa: Double = 1, onRoot: Bool = false, perTensor: Bool = false) -> Level {
      Level(
        optimizer: Kesten(kappa, perTensor: perTensor),
        rule: .init(kind: onRoot ? .kestenOnRoot : .kesten, initial: [kappa]))
    }
    let adam = Adam(0.05, beta1: 0.8, beta2: 0.95, epsilon: 1e-2)
    func adamLevel(_ kind: ReferenceRule.Kind) -> Level {
      Level(
        optimizer: adam,
        rule: .init(kind: kind, initial: [0.05], constants: [0.8, 0.95, 1e-2]))
    }
    let momentum = Level(
      optimizer: SGD(0.2, momentum: 0.7),
      rule: .init(kind: .momentumAlpha, initial: [0.2], constants: [0.7]))
    let rmsprop = Level(
      optimizer: RMSProp(0.02, gamma: 0.9),
      rule: .init(kind: .rmspropAlpha, initial: [sqrt(0.02)], constants: [0.9]))
    let lion = Level(
      optimizer: Lion(0.05, beta1: 0.8, beta2: 0.95, weightDecay: 0.2),
      rule: .init(kind: .lionAlpha, initial: [0.05], constants: [0.8, 0.95, 0.2]))
    return [
      TowerCase("kesten on sgd", [.sgd(0.5), kesten()]),
      TowerCase("kesten on momentum", [momentum, kesten()]),
      TowerCase("kesten on adam", [adamLevel(.adamAlpha), kesten(0.5)]),
      TowerCase("kesten on adam_alpha", [.adamAlpha(0.05), kesten()]),
      TowerCase(
        "kesten on adam, per tensor", [adamLevel(.adamAlphaPerTensor), kesten(perTensor: true)]),
      TowerCase("kesten on rmsprop", [rmsprop, kesten(onRoot: true)]),
      TowerCase("kesten on rmsprop_alpha", [.rmspropAlpha(0.02), kesten(onRoot: true)]),
      TowerCase("kesten on adagrad", [.adagrad(0.1), kesten()]),
      TowerCase("kesten on lion", [lion, kesten()]),
      TowerCase("kesten on sgd_per_parameter", [.perTensor(0.6), kesten()]),
      TowerCase("sgd on kesten", [adamLevel(.adamAlpha), kesten(), .sgd(0.5)]),
      TowerCase("adam on kesten", [.perTensor(0.6), kesten(), .adam(0.05)]),
      TowerCase("kesten on kesten", [.perTensor(0.6), kesten(0.5), kesten()]),
      TowerCase("kesten on a level above", [.sgd(0.5), .sgd(0.5), kesten(), .sgd(0.1)]),
    ]
  }()

  /// Every rule at the bottom, in the middle and at the top of some tower, up to five levels, with
  /// steps large enough that every level matters.
  static let all = [
    TowerCase("five sgd", [.sgd(0.5), .sgd(0.5), .sgd(0.5), .sgd(0.5), .sgd(0.5)]),
    TowerCase("five adam", [.adam(0.05), .adam(0.2), .adam(0.2), .adam(0.2), .adam(0.2)]),
    TowerCase(
      "mixed, momentum first",
      [.momentum(0.2, 0.7), .rmsprop(0.02), .adagrad(0.1), .adam(0.05), .sgd(0.3)]),
    TowerCase(
      "mixed, per tensor first",
      [.perTensor(0.6), .adam(0.3), .perTensor(1), .momentum(1, 0.5), .adagrad(0.3)]),
    TowerCase(
      "mixed, adagrad first",
      [.adagrad(0.1), .perTensor(0.2), .rmspropAlpha(0.02), .adamAlpha(0.05), .momentum(0.1, 0.6)]),
    TowerCase("rmsprop first", [.rmsprop(0.03), .adagrad(0.1), .rmsprop(0.02), .adam(0.05)]),
    TowerCase(
      "rmsprop_alpha first", [.rmspropAlpha(0.03), .momentum(0.1, 0.5), .rmspropAlpha(0.01)]),
    TowerCase("adam_alpha first", [.adamAlpha(0.05), .sgd(0.3), .perTensor(0.1)]),
    TowerCase("lion first", [.lion(0.05, decay: 0.3), .lion(0.01, decay: 0.1), .adam(0.05)]),
    TowerCase("two levels", [.adam(0.03), .sgd(0.01)]),
    TowerCase("one level", [.momentum(0.3, 0.9)]),
  ]
}
