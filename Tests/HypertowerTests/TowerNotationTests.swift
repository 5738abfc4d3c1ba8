import Testing

@testable import Hypertower

@Suite("Tower notation")
struct TowerNotationTests {
  // MARK: - Reading

  @Test("Levels are read bottom first, with a number, names, and defaults")
  func reading() throws {
    let tower = try Tower(parsing: " adam( ) /sgd_per_parameter(1e-3)/ sgd( 0.01 ,momentum = +.9) ")
    #expect(tower.levels.map(\.name) == ["adam", "sgd_per_parameter", "sgd"])
    #expect(tower.levels[0].hyperparameters.map(\.value) == [0.001, 0.9, 0.999, 1e-8])
    #expect(tower.levels[1].hyperparameters.map(\.value) == [0.001])
    #expect(tower.levels[1].granularity == .perTensor)
    #expect(tower.levels[2].hyperparameters.map(\.name) == ["alpha", "momentum"])
    #expect(tower.levels[2].hyperparameters.map(\.value) == [0.01, 0.9])
  }

  @Test("Every optimizer of the library is known, with and without parentheses")
  func catalogue() throws {
    let names = [
      "sgd", "sgd_per_parameter", "adam", "adam_alpha", "adagrad", "rmsprop", "rmsprop_alpha",
      "lion",
    ]
    for name in names {
      #expect(try Tower(parsing: name).levels.map(\.name) == [name])
      #expect(try Tower(parsing: "\(name)()").levels.map(\.name) == [name])
    }
  }

  @Test("A first number is the first hyperparameter, whether named or not")
  func positional() throws {
    for text in ["rmsprop(0.25, gamma=0.5)", "rmsprop(gamma=0.5, alpha=25e-2)"] {
      #expect(try Tower(parsing: text).levels[0].hyperparameters.map(\.value) == [0.25, 0.5])
    }
  }

  @Test("Towers of a thousand levels and more")
  func tall() throws {
    let text = Array(repeating: "adam(0.0000001, beta2=0.99)", count: 1_001).joined(separator: "/")
    let tower = try Tower(parsing: text)
    #expect(tower.height == 1_000)
    #expect(try Tower(parsing: tower.description).height == 1_000)
  }

  @Test("Rules of a user's own are read and may replace the library's")
  func ownRules() throws {
    let damped = RuleDefinition("damped") { rule in
      let damping = rule.hyperparameter("lambda", default: 1, domain: .square)
      return rule.parameter - damping * rule.gradient
    }
    let still = RuleDefinition("sgd") { $0.parameter }
    let rules = RuleDefinition.standard + [damped, still]
    let tower = try Tower(parsing: "damped(4) / sgd / damped", rules: rules)
    #expect(tower.description == "damped(4) / sgd() / damped(1)")
    #expect(tower.levels[1].hyperparameters.isEmpty)
    let error = #expect(throws: InputError.self) { try Tower(parsing: "sgd(1)", rules: rules) }
    #expect(error?.message.contains("sgd takes no number without a name") == true)
  }

  @Test("A level that nothing tunes takes schedules, and prints them as they were given")
  func schedules() throws {
    for text in [
      "sgd(constant(0.1))", "sgd(constant(0.1, warmup=100))",
      "sgd(step(0.1, every=500, factor=0.5))",
      "adam(cosine(0.003, end=1e-5, warmup=100), beta1=linear(0.95, end=0.85))",
      "rmsprop(linear(0.02), gamma=constant(0.9, warmup=10))", "adagrad(one_cycle(0.01, warmup=0))",
      "sgd(linear(0.1), momentum=linear(0.5, end=0.9))", "adam_alpha(0.1, beta1=linear(0.8))",
      "adam(0.001) / sgd(cosine(0.001))",
      "adam(0.1, beta1=linear(0.8)) / kesten(step(1, every=100))",
      "sgd_per_parameter(linear(0.1), w1_alpha=0.2)",
      "lion(cosine(0.0003), weight_decay=linear(0.1), beta1=linear(0.9, end=0.8))",
    ] {
      let tower = try Tower(parsing: text)
      #expect(tower.description == text)
      #expect(try Tower(tower.resolvedLevels()).description == text)
    }
    let spaced = try Tower(parsing: "adam( alpha = cosine ( 3e-3 , warmup = 100 ) )")
    #expect(spaced.description == "adam(cosine(0.003, warmup=100))")
    #expect(Adam(.cosine(0.003, warmup: 100)).tower.description == spaced.description)
    #expect(Adam(.cosine(0.003), beta1: 0.0).tower.description == "adam(cosine(0.003), beta1=0)")
    // In Swift, too, what has its default goes without saying.
    let optimizers: [(any Optimizer, String)] = [
      (
        SGD(.linear(0.1, end: 0), momentum: .step(0.9, every: 5)),
        "sgd(linear(0.1), momentum=step(0.9, every=5))"
      ),
      (SGDPerParameter(.oneCycle(0.1)), "sgd_per_parameter(one_cycle(0.1))"),
      (
        Adam(0.001, beta1: .linear(0.9, end: 0.5), tunesOnlyLearningRate: true),
        "adam_alpha(0.001, beta1=linear(0.9, end=0.5))"
      ),
      (AdaGrad(.constant(0.1, warmup: 9)), "adagrad(constant(0.1, warmup=9))"),
      (RMSProp(0.01, gamma: .cosine(0.9)), "rmsprop(0.01, gamma=cosine(0.9))"),
      (Lion(.cosine(1e-4, end: 1e-5)), "lion(cosine(0.0001, end=1e-5))"),
      (SGD() / Kesten(.linear(1)), "sgd(0.01) / kesten(linear(1))"),
    ]
    for (optimizer, text) in optimizers { #expect(optimizer.tower.description == text) }
  }

  // MARK: - Faults

  struct Fault: CustomTestStringConvertible {
    let text: String
    let column: Int
    let message: String
    init(_ text: String, _ column: Int, _ message: String) {
      (self.text, self.column, self.message) = (text, column, message)
    }
    var testDescription: String { text.isEmpty ? "(empty)" : text }
  }

  static let faults = [
    Fault("", 1, "empty; write an optimizer"),
    Fault("   ", 4, "empty; write an optimizer"),
    Fault("sgd(0.1) /", 11, "expected the name of an optimizer, found the end"),
    Fault("/ sgd", 1, "expected the name of an optimizer, found '/'"),
    Fault("sgd(0.1) // sgd", 11, "expected the name of an optimizer, found '/'"),
    Fault("0.1", 1, "expected the name of an optimizer, found '0'"),
    Fault("sgd(0.1) adam()", 10, "expected '/' and the next level, found 'adam'"),
    Fault("sgd(0.1))", 9, "expected '/' and the next level, found ')'"),
    Fault("sgd(0.1", 8, "expected ',' or ')', found the end"),
    Fault("sgd(0.1 0.2)", 9, "expected ',' or ')', found '0'"),
    Fault("sgd(,)", 5, "expected a finite number, found ','"),
    Fault("sgd(0.1,)", 9, "expected a finite number, found ')'"),
    Fault("sgd(momentum)", 13, "expected '=' and a number after 'momentum', found ')'"),
    Fault("sgd(momentum=)", 14, "expected a finite number, found ')'"),
    Fault("sgd(momentum=high)", 14, "expected a finite number, found 'high'"),
    Fault("sgd(inf)", 5, "expected a finite number, found 'inf'"),
    Fault("sgd(-inf)", 5, "expected a finite number, found '-'"),
    Fault("sgd(NaN)", 5, "expected a finite number, found 'NaN'"),
    Fault("sgd(alpha=nan)", 11, "expected a finite number, found 'nan'"),
    Fault("sgd(.)", 5, "expected a finite number, found '.'"),
    Fault("sgd(1.2.3)", 8, "unexpected '.' in a number"),
    Fault("sgd(0x10)", 6, "unexpected 'x' in a number"),
    Fault("sgd(1_000)", 6, "unexpected '_' in a number"),
    Fault("sgd(1e)", 7, "expected the digits of an exponent, found ')'"),
    Fault("sgd(1e400)", 5, "the number is too large"),
    Fault("sgd(1e-400)", 5, "the number is too close to 0"),
    Fault(
      "sgd(0.1) / adam(0.1, beta1=1)", 22,
      "beta1 = 1 is out of range; it must be at least 0 and less than 1"),
    Fault("adam(eps=0)", 6, "it must be greater than 0"),
    Fault("adam_alpha(beta2=2)", 12, "beta2 = 2 is out of range"),
    Fault("sgd(0.1, speed=2)", 10, "unknown argument 'speed'; it takes alpha, momentum"),
    Fault("sgd_per_parameter(w1_beta=2)", 19, "unknown argument 'w1_beta'"),
    Fault("adam(beta1=0) / sgd(0.1)", 6, "beta1 = 0 cannot be tuned by the level above"),
    Fault("rmsprop(-0.1)", 9, "alpha = -0.1 is out of range; it must be at least 0"),
    Fault("adam(0.1, alpha=0.1)", 11, "'alpha' is given twice"),
    Fault("adam(beta1=0.9, beta1=0.9)", 17, "'beta1' is given twice"),
    Fault("adam(beta1=0.9, 0.1)", 17, "a number without a name may only be the first argument"),
    Fault(
      "sgd(0.1) / Adam()", 12, "unknown optimizer 'Adam'; did you mean 'adam'? known are sgd, "),
    Fault("weights adam()", 1, "'weights' selects a group of parameters, so a colon follows it"),
    Fault("sgd() / else", 9, "'else' selects a group of parameters, so a colon follows it"),
    Fault("rmsprob()", 1, "did you mean 'rmsprop'?"),
    Fault("adam_alfa()", 1, "did you mean 'adam_alpha'?"),
    Fault("lbfgs()", 1, "unknown optimizer 'lbfgs'; known are sgd, sgd_per_parameter, adam, "),
    Fault("sgd(0.1) → adam()", 10, "expected '/' and the next level, found '→'"),
    Fault("ädam()", 1, "expected the name of an optimizer, found 'ädam'"),
    Fault(
      "sgd(cosin(0.1))", 5, "unknown schedule 'cosin'; did you mean 'cosine'? known are constant, "),
    Fault("sgd(alpha=wave(0.1))", 11, "unknown schedule 'wave'; known are constant, step, "),
    Fault("sgd(cosine)", 11, "expected '=' and a number after 'cosine', found ')'"),
    Fault("sgd(alpha=cosine)", 11, "expected a finite number, found 'cosine'"),
    Fault("sgd(cosine())", 12, "expected a finite number, found ')'"),
    Fault("sgd(cosine(end=0))", 12, "expected a finite number, found 'end'"),
    Fault("sgd(cosine(0.1)", 16, "expected ',' or ')', found the end"),
    Fault("sgd(cosine(0.1, 0.2))", 17, "expected the name of an argument of cosine, found '0'"),
    Fault(
      "sgd(cosine(0.1, start=1))", 17, "unknown argument 'start'; besides its value it takes end, "),
    Fault("sgd(cosine(0.1, end=0, end=0))", 24, "cosine: 'end' is given twice"),
    Fault("sgd(cosine(0.1, end))", 20, "expected '=' and a number after 'end', found ')'"),
    Fault(
      "sgd(cosine(0.1, warmup=1.5))", 5, "warmup = 1.5 is out of range; it must be a whole number"),
    Fault("sgd(cosine(0.1, warmup=-1))", 5, "warmup = -1 is out of range"),
    Fault("sgd(0.1, momentum=linear(0.9, end=1e400))", 35, "the number is too large"),
    Fault(
      "adam(beta1=linear(0.9, end=1))", 6, "end = 1 is out of range; it must be at least 0 and less"
    ),
    Fault("adam(beta1=linear(1))", 6, "beta1 = 1 is out of range"),
    Fault("sgd(step(0.1))", 5, "step: 'every' is missing, as in step(0.1, every=500)"),
    Fault(
      "sgd(step(0.1, every=0))", 5, "every = 0 is out of range; it must be a whole number from 1"),
    Fault("sgd(step(0.1, every=1e300))", 5, "every = 1e300 is out of range"),
    Fault(
      "sgd(step(0.1, every=5, factor=2))", 5,
      "factor = 2 is out of range; it must be above 0 and at"),
    Fault("sgd(0.1, cosine(0.2))", 10, "a number without a name may only be the first argument"),
    Fault(
      "sgd(cosine(0.1)) / adam()", 5,
      "sgd: alpha = cosine(0.1) cannot be a schedule, as adam above tunes it; give a number, or leave"
    ),
    Fault(
      "sgd() / adam(0.1, beta1=linear(0.9)) / sgd()", 19, "beta1 = linear(0.9) cannot be a schedule"
    ),
    Fault("adam(cosine(0.1)) / kesten()", 6, "cannot be a schedule, as kesten above tunes it"),
    Fault("adam() / kesten(per_tensor=cosine(1))", 17, "per_tensor must be true or false"),
    Fault(
      "sgd_per_parameter(0.1, w1_alpha=cosine(0.2))", 24,
      "w1_alpha cannot have a schedule of its own; give alpha the schedule, which all tensors follow"
    ),
    Fault("sgd(٣)", 5, "expected a finite number, found '٣'"),
  ]

  @Test("Unusual values, which training may lead to, are accepted and told")
  func unusualValues() throws {
    let unusual = [
      "sgd(0.001, momentum=1.1577435)": "sgd: momentum = 1.1577435 lies outside",
      "adam() / sgd(-0.5)": "sgd: alpha = -0.5 lies outside what makes sense, 0 and above",
      "sgd_per_parameter(w1_alpha=-1)": "sgd_per_parameter: w1_alpha = -1 lies outside",
    ]
    for (text, remark) in unusual {
      let values = try Tower(parsing: text).unusualValues
      #expect(values.count == 1 && values[0].hasPrefix(remark), "\(values)")
    }
    #expect(try Tower(parsing: "adam(beta1=0, beta2=0)").unusualValues.isEmpty)
  }

  @Test("Faults name the column, show the text, and say what was expected", arguments: faults)
  func fault(_ fault: Fault) throws {
    let error = try #require(throws: InputError.self) { try Tower(parsing: fault.text) }
    #expect(error.kind == .usage)
    let lines = error.message.split(separator: "\n", omittingEmptySubsequences: false)
    try #require(lines.count == 3)
    #expect(lines[0].hasPrefix("tower, column \(fault.column): "))
    #expect(lines[0].contains(fault.message))
    #expect(lines[1] == "  \(fault.text)")
    #expect(lines[2] == String(repeating: " ", count: fault.column + 1) + "^")
  }

  @Test("A long text is shown around the fault alone")
  func longFault() throws {
    let text = Array(repeating: "sgd(0.1)", count: 300).joined(separator: " / ") + " / what"
    let error = try #require(throws: InputError.self) { try Tower(parsing: text) }
    let lines = error.message.split(separator: "\n")
    #expect(lines[1].count < 80)
    let caret = try #require(lines[2].firstIndex(of: "^"))
    let column = lines[2].distance(from: lines[2].startIndex, to: caret)
    #expect(String(lines[1].dropFirst(column)) == "what")
    // Lines and tabs of the text must not move the caret.
    let broken = try #require(throws: InputError.self) { try Tower(parsing: "sgd()\n\t/ what") }
    #expect(broken.message.hasSuffix("\n  sgd()  / what\n           ^"))
  }

  @Test("Texts and towers beyond all use are refused")
  func limits() throws {
    let long = String(repeating: " ", count: TowerParser.longestText + 1)
    let error = try #require(throws: InputError.self) { try Tower(parsing: long) }
    #expect(error.message.contains("at most 1048576 are read"))
    let tall = Array(repeating: "sgd", count: TowerParser.mostLevels + 1).joined(separator: "/")
    let other = try #require(throws: InputError.self) { try Tower(parsing: tall) }
    #expect(other.message.contains("more than 4096 levels"))
  }

  @Test("Random texts are read or refused, nothing else")
  func noise() {
    var random = SplitMix(state: 7)
    let pieces = Array("sgdam(),/=.0123456789e-+ \t_αinfx") + Array("sgdadam()//")
    for _ in 0..<20_000 {
      let text = String((0..<random.below(24)).map { _ in pieces[random.below(pieces.count)] })
      do {
        let tower = try Tower(parsing: text)
        #expect(throws: Never.self) { try Tower(parsing: tower.description) }
      } catch {
        #expect(error is InputError)
      }
    }
  }
}
