import Testing

@testable import Hypertower

@Suite("Towers as text")
struct TowerDescriptionTests {
  static let canonical = [
    "sgd(0.14560986) / adam(0.001)",
    "sgd(0.01, momentum=0.9)",
    "sgd(0, momentum=0)",
    "adam(0.001, beta1=0.8928, eps=1e-7) / sgd(1e-20)",
    "adam_alpha(0.001, beta1=0.8, beta2=0.99, eps=1e-6) / adagrad(0.01)",
    "rmsprop(0.3, gamma=0.5) / rmsprop_alpha(0.01, gamma=0.25)",
    "sgd_per_parameter(b1_alpha=0.2, w1_alpha=0.1)",
    "sgd_per_parameter(0.5, w1_alpha=0.1) / sgd_per_parameter(1e38)",
  ]

  @Test("What says no more than it must is printed as it was written", arguments: canonical)
  func printing(_ text: String) throws {
    #expect(try Tower(parsing: text).description == text)
  }

  @Test("Defaults and values equal to the shared one are left out")
  func omissions() throws {
    let text = "adam(beta1=0.9, eps=1e-8)/adam_alpha(beta1=0.9)/sgd_per_parameter(2, w1_alpha=2)"
    #expect(
      try Tower(parsing: text).description
        == "adam(0.001) / adam_alpha(0.001) / sgd_per_parameter(2)")
  }

  @Test("Towers that come back from a device in single or double precision print as written")
  func storedDefaults() throws {
    let text =
      "adam(0.001, beta1=0.8) / rmsprop(0.1, gamma=0.95) / sgd_per_parameter(0.3) / adam(0.01)"
    let tower = try Tower(parsing: text)
    for single in [true, false] {
      #expect(tower.stored(inSinglePrecision: single).description == text)
    }
  }

  static let domains: [HyperparameterDomain] = [.real, .unitInterval, .powerOfTen, .square]

  @Test("Printed values are stored as the same numbers, in single precision", arguments: domains)
  func singleRoundTrip(domain: HyperparameterDomain) throws {
    var random = SplitMix(state: 1)
    for _ in 0..<20_000 {
      // Beyond these raw values a natural one in double precision cannot tell them apart.
      let raw: Float =
        switch domain {
        case .real: random.single(exponents: -126...127) * (random.below(2) == 0 ? 1 : -1)
        case .unitInterval: random.single(in: -40...11)
        case .powerOfTen: random.single(in: -37...38)
        case .square: random.single(exponents: -60...60)
        }
      let text = domain.text(for: domain.natural(Double(raw)))
      let read = try #require(Double(text))
      #expect(Float(domain.raw(read)) == raw, "raw \(raw), printed \(text)")
      #expect(text.count <= 24)
    }
  }

  @Test("Printed values are stored as the same numbers, in double precision", arguments: domains)
  func doubleRoundTrip(domain: HyperparameterDomain) throws {
    var random = SplitMix(state: 2)
    for _ in 0..<20_000 {
      let natural: Double =
        switch domain {
        case .real: random.double(in: -1e6...1e6)
        case .unitInterval: random.double(in: 1e-12...(1 - 1e-12))
        case .powerOfTen, .square: Double(random.single(exponents: -100...100)) * 1.000000000123
        }
      let text = domain.text(for: natural)
      #expect(Double(text).map(domain.raw) == domain.raw(natural), "\(natural), printed \(text)")
    }
  }

  @Test("Values from single precision print in its few digits")
  func shortTexts() throws {
    #expect(HyperparameterDomain.real.text(for: Double(Float(0.1))) == "0.1")
    #expect(HyperparameterDomain.powerOfTen.text(for: 1e-30) == "1e-30")
    #expect(HyperparameterDomain.real.text(for: 1e300) == "1e300")
    #expect(HyperparameterDomain.real.text(for: 0.1) == "0.1")
    #expect(HyperparameterDomain.real.text(for: 1e-5) == "1e-5")
    #expect(HyperparameterDomain.real.text(for: 3e20) == "3e20")
    let raw = Double(Float(HyperparameterDomain.unitInterval.raw(0.9)))
    let stored = HyperparameterDomain.unitInterval.natural(raw)
    #expect(stored != 0.9)
    #expect(HyperparameterDomain.unitInterval.text(for: stored) == "0.9")
  }

  @Test("Saturated values print as the nearest that can be read")
  func saturation() throws {
    #expect(HyperparameterDomain.unitInterval.text(for: 1) == "0.9999999999999999")
    #expect(HyperparameterDomain.unitInterval.text(for: 0) == "0")
    #expect(HyperparameterDomain.powerOfTen.text(for: 0) == "5e-324")
  }

  @Test("Random towers read back to the same stored numbers")
  func towerRoundTrip() throws {
    var random = SplitMix(state: 3)
    for single in [true, false] {
      for _ in 0..<200 {
        // What tunes step sizes stands on a level that has some.
        let bottoms = try RuleDefinition.standard.filter { try $0.rule().tunes == .all }
        let uppers = try RuleDefinition.standard.filter {
          try $0.rule().reasonToBeBottom == nil
        }
        let levels = (0...random.below(6)).map { level in
          let definitions = level == 0 ? bottoms : uppers
          return randomRule(definitions[random.below(definitions.count)], &random)
        }
        let tower = Tower(levels).stored(inSinglePrecision: single)
        let text = tower.description
        let read = try Tower(parsing: text)
        #expect(read.description == text)
        // What was read is the value itself, or becomes it when it is stored.
        let stored = read.stored(inSinglePrecision: single)
        for (value, candidates) in zip(tower.values, zip(read.values, stored.values)) {
          #expect(value == candidates.0 || value == candidates.1, "\(text)")
        }
        #expect(read.levels.map(\.constants.count) == tower.levels.map(\.constants.count))
      }
    }
  }

  private func randomRule(_ definition: RuleDefinition, _ random: inout SplitMix) -> UpdateRule {
    let sample = definition.level([:])
    var arguments: [String: Double] = [:]
    for own in sample.hyperparameters where random.below(3) > 0 {
      arguments[own.name] = random.double(in: 0.0001...0.9999)
    }
    if definition.name == "sgd", random.below(2) == 0 {
      arguments["momentum"] = random.double(in: 0...1)
    }
    if definition.name.hasSuffix("_alpha"), definition.name != "rmsprop_alpha" {
      arguments["beta1"] = random.double(in: 0.1...0.9)
    }
    if definition.granularity == .perTensor {
      for tensor in ["w1", "b1", "w2"] where random.below(2) == 0 {
        arguments["\(tensor)_alpha"] = random.double(in: 0...1)
      }
    }
    return definition.level(arguments)
  }
}

extension Tower {
  /// What a device that keeps raw values in single or double precision hands back.
  fileprivate func stored(inSinglePrecision single: Bool) -> Tower {
    Tower(
      levels.map { rule in
        var rule = rule
        func stored(_ value: Double, _ domain: HyperparameterDomain) -> Double {
          domain.natural(single ? Double(Float(domain.raw(value))) : domain.raw(value))
        }
        rule.hyperparameters = rule.hyperparameters.map {
          .init(
            name: $0.name, domain: $0.domain, value: stored($0.value, $0.domain),
            defaultValue: $0.defaultValue, range: $0.range)
        }
        let domain = rule.hyperparameters.first?.domain ?? .real
        rule.tensorValues = rule.tensorValues.mapValues { stored($0, domain) }
        return rule
      })
  }

  /// Every value, level by level.
  fileprivate var values: [Double] {
    levels.flatMap { rule in
      let tensors = ["w1", "b1", "w2"].map { tensor in
        rule.tensorValues["\(tensor)_alpha"] ?? rule.hyperparameters[0].value
      }
      return rule.hyperparameters.map(\.value) + tensors
    }
  }
}
