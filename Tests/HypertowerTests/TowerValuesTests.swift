import Testing

@testable import Hypertower

@Suite("Values that towers may have")
struct TowerValuesTests {
  private static let data = TrainingTests.data

  private func trainer(_ tower: some Optimizer, on device: Device = .cpu) throws -> Trainer {
    try Trainer(
      DenseNetwork(widths: [12, 5, 3]), loss: .negativeLogLikelihood, optimizer: tower, on: device)
  }

  // MARK: Zeros

  /// adam_alpha has β1 and β2 as constants of its formula.
  @Test("A decay of 0 that nothing tunes is exactly 0", arguments: TestBackend.native)
  func zeros(backend: TestBackend) throws {
    let cases: [(own: String, other: String, zeros: Set<String>)] = [
      ("adam(0.01, beta1=0)", "adam_alpha(0.01, beta1=0)", ["beta1"]),
      ("adam(0.01, beta2=0)", "adam_alpha(0.01, beta2=0)", ["beta2"]),
      ("rmsprop(0.01, gamma=0)", "rmsprop_alpha(0.01, gamma=0)", ["gamma"]),
      (
        "sgd(0) / adam(0.01, beta1=0, beta2=0)", "sgd(0) / adam_alpha(0.01, beta1=0, beta2=0)",
        ["beta1", "beta2"]
      ),
    ]
    for (own, other, zeros) in cases {
      var records: [[StepRecord]] = []
      for notation in [own, other] {
        let trainer = try trainer(Tower(parsing: notation), on: backend.device())
        try trainer.train(on: Self.data, batchSize: 50, steps: 8) { records.append($0) }
        let top = try #require(trainer.tower.levels.last)
        #expect(notation.hasSuffix("\(top)"))
      }
      let logged = records[0].map { record in
        record.hyperparameters.last!.filter { zeros.contains($0.name) }.map(\.value)
      }
      #expect(logged == .init(repeating: zeros.map { _ in 0 }, count: 8), "\(own)")
      assertClose(
        records[0].map(\.loss), records[1].map(\.loss), .relative(1e-5), "\(own) on \(backend.name)"
      )
    }
  }

  @Test("A decay of 0 that the level above would tune is refused, also from Swift")
  func tunedZero() throws {
    let towers = [
      Adam(beta1: 0) / SGD(), Adam(beta2: 0) / SGD(), SGD() / RMSProp(gamma: 0) / SGD(),
    ]
    for tower in towers {
      let error = try #require(throws: InputError.self) { try trainer(tower) }
      #expect(error.kind == .usage && error.message.contains("= 0 cannot be tuned"))
    }
    #expect(
      throws: InputError.self
    ) { try Tower(parsing: "sgd() / rmsprop(gamma=0) / sgd()") }
    _ = try trainer(Adam(beta1: 0, tunesOnlyLearningRate: true) / SGD())
    _ = try trainer(SGD(0.1, momentum: 0) / RMSProp(gamma: 0))
  }

  /// A tuned decay that has come close to 0 prints as a number that can be tuned again.
  @Test("A decay that training has brought to 0 can be read again below another level")
  func saturated() throws {
    let rule = Adam().levels[0].withRawValues([0.001, -400, 30, -8], tensors: ["w1"])
    let text = "\(rule) / sgd(0.01)"
    #expect(text.contains("beta1=5e-324") && text.contains("beta2=0.9999999999999999"))
    #expect(try Tower(parsing: text).description == text)
  }

  // MARK: Reading back

  @Test("What a device may have stored prints as text that reads back to the same stored numbers")
  func storedNumbers() throws {
    let values: [Float] = [
      -0.2, 1.158, -3.4e38, 3.4e38, Float.leastNonzeroMagnitude, -Float.leastNonzeroMagnitude,
      1e-38, 0, 123456.789, -0.0,
    ]
    for first in values {
      for second in values {
        let tower = Tower([
          SGD(momentum: 0.5).levels[0].withRawValues(
            [Double(first), Double(second)], tensors: ["w1"]),
          SGDPerParameter().levels[0].withRawValues(
            [Double(first), Double(second)], tensors: ["alpha", "momentum"]),
          // α as a root, ε as a logarithm beyond the range of single precision.
          RMSProp().levels[0].withRawValues([Double(first), 0.5], tensors: []),
        ])
        let read = try Tower(parsing: tower.description)
        #expect(read.description == tower.description)
        let raw = [["w1"], ["alpha", "momentum"]].enumerated().map { number, tensors in
          (
            tower.levels[number].rawValues(tensors: tensors).map { Float($0) },
            read.levels[number].rawValues(tensors: tensors).map { Float($0) }
          )
        }
        for (written, read) in raw { #expect(written == read, "\(tower)") }
      }
    }
    for exponent in [-45.0, -37, 38, 40, 300, 5000] {
      let rule = Adam().levels[0].withRawValues([1e-3, 1, 2, exponent], tensors: [])
      #expect(try Tower(parsing: rule.description).description == rule.description)
    }
  }

  @Test("Towers over tensors of any names read back", arguments: [false, true])
  func tensorNames(isNested: Bool) throws {
    let model =
      isNested
      ? Sequential(Sequential(Linear(12, 4), Activation.tanh), Linear(4, 3))
      : Sequential(Linear(12, 3))
    let trainer = try Trainer(
      model, loss: .crossEntropy, optimizer: SGDPerParameter(0.1) / SGDPerParameter(0.01), on: .cpu)
    try trainer.train(on: Self.data, batchSize: 50, steps: 3)
    let text = try trainer.tower.description
    #expect(text.contains("layers.0."))
    // A run that starts from the text has the same stored numbers, which it prints alike.
    let again = try Trainer(model, loss: .crossEntropy, optimizer: Tower(parsing: text), on: .cpu)
    #expect(try again.tower.description == text)
    // Names may begin with digits.
    #expect(
      try Tower(parsing: "sgd_per_parameter(0.weight_alpha = 0.5)").levels[0].tensorValues
        == ["0.weight_alpha": 0.5])
  }

  @Test("A number too large for float32 is refused on a device of that precision alone")
  func largeNumbers() throws {
    let tower = try Tower(parsing: "sgd(0.1) / sgd(1e39)")
    _ = try trainer(tower, on: .cpu64)
    let error = try #require(throws: InputError.self) { try trainer(tower) }
    #expect(error.message == "sgd: alpha = 1e39 is too large for float32")
    let reused = try trainer(SGD() / SGD())
    #expect(throws: InputError.self) { try reused.restart(with: tower, seed: 0) }
  }

  // MARK: Step sizes

  @Test("The step size of every tensor is scaled, and of every rule of the library")
  func scaling() throws {
    let perTensor = try trainer(Tower(parsing: "sgd_per_parameter(0.5, w1_alpha=0.2)"))
    try perTensor.scaleLearningRate(by: 0.1)
    let values = try perTensor.tower.levels[0].tensorValues
    assertClose(
      ["w1", "b1", "w2", "b2"].map { values["\($0)_alpha"]! }, [0.02, 0.05, 0.05, 0.05],
      .relative(1e-6), "step sizes")
    for definition in try RuleDefinition.standard.filter({ try $0.rule().tunes == .all }) {
      let name = try #require(definition.rule().hyperparameters.first).name
      // Every rule moves a matrix.
      let trainer = try Trainer(
        Linear(12, 3, bias: false), loss: .crossEntropy,
        optimizer: Tower([try definition.rule([name: 0.5])]), on: .cpu)
      #expect(trainer.hasLearningRate, "\(definition.name)")
      try trainer.scaleLearningRate(by: 0.1)
      let rule = try trainer.tower.levels[0]
      let scaled = rule.tensorValues["weight_alpha"] ?? rule.hyperparameters[0].value
      assertClose([scaled], [0.05], .relative(1e-6), definition.name)
    }
  }
}
