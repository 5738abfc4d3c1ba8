import Glibc
import Testing

@testable import Hypertower

/// What a checkpoint holds, tensor by tensor.
@Suite struct CheckpointNamesTests {
  /// Two inputs and one output that begin at 0, and a sample [1, 2] with the target 3.
  ///
  /// The loss is (x·wᵀ + b − 3)², so that the first gradient is [−6, −12] for the weight and −6 for the
  /// bias.
  private static let gradient = [-6.0, -12]
  private static let data = Dataset(
    count: 1, featureCount: 2, features: .floats([1, 2]), targets: .values([3], width: 1))

  private static func trainer(
    _ notation: String, average: WeightAverage? = nil, plannedSteps: Int? = nil,
    on device: Device = .cpu64
  ) throws -> Trainer {
    let trainer = try Trainer(
      Linear(2, 1), loss: .meanSquaredError, optimizer: try Tower(parsing: notation),
      average: average, plannedSteps: plannedSteps, on: device)
    try trainer.setWeights(
      SafetensorsFile([
        .init(name: "weight", shape: [1, 2], floats: [0, 0]),
        .init(name: "bias", shape: [1], floats: [0]),
      ]))
    return trainer
  }

  private static func step(_ trainer: Trainer, _ count: Int = 1) throws {
    try trainer.train(on: data, batchSize: 1, steps: count)
  }

  private func numbers(_ file: SafetensorsFile, _ name: String) throws -> [Double] {
    try #require(file[name], "\(name)").doubles()
  }

  private func shapes(_ file: SafetensorsFile) -> [String: [Int]] {
    Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, $0.shape) })
  }

  @Test(arguments: TestBackend.native)
  func adamBelowSGD(backend: TestBackend) throws {
    let trainer = try Self.trainer("adam() / sgd(1e-5)", on: backend.device())
    try Self.step(trainer)
    let file = try trainer.checkpoint()
    let (weight, bias) = ([1, 2], [1])
    #expect(
      shapes(file) == [
        "weight": weight, "bias": bias,
        "optimizer.weight.m": weight, "optimizer.weight.v": weight,
        "optimizer.bias.m": bias, "optimizer.bias.v": bias,
        "tower.0.hyperparameter.alpha": [], "tower.0.hyperparameter.beta1": [],
        "tower.0.hyperparameter.beta2": [], "tower.0.hyperparameter.log_eps": [],
        "tower.1.hyperparameter.alpha": [],
        "tower.0.previous.gradient.weight": weight, "tower.0.previous.gradient.bias": bias,
        "tower.0.previous.state.weight.m": weight, "tower.0.previous.state.weight.v": weight,
        "tower.0.previous.state.bias.m": bias, "tower.0.previous.state.bias.v": bias,
        "tower.0.previous.uniforms": [1, trainer.state.layout.bottom.uniformNodes.count],
      ])
    let gradient = Self.gradient
    for (name, expected) in [
      ("optimizer.weight.m", gradient.map { 0.1 * $0 }), ("optimizer.bias.m", [-0.6]),
      ("optimizer.weight.v", gradient.map { 0.999e-8 + 0.001 * $0 * $0 }),
      ("optimizer.bias.v", [0.999e-8 + 0.036]),
      // The step is α·m̂ / (√v̂ + ε), whose sign is the gradient's and whose size is α.
      ("weight", [0.001, 0.001]), ("bias", [0.001]),
      ("tower.0.hyperparameter.alpha", [0.001]), ("tower.0.hyperparameter.log_eps", [-8]),
      // β = (1 + tanh x) / 2.
      ("tower.0.hyperparameter.beta1", [0.5 * log(9)]),
      ("tower.0.hyperparameter.beta2", [0.5 * log(999)]),
      ("tower.1.hyperparameter.alpha", [1e-5]),
      ("tower.0.previous.gradient.weight", gradient), ("tower.0.previous.gradient.bias", [-6]),
      ("tower.0.previous.state.weight.m", [0, 0]),
      ("tower.0.previous.state.weight.v", [1e-8, 1e-8]),
    ] {
      assertClose(
        try numbers(file, name), expected, .relativeFromOne(backend.isDouble ? 1e-9 : 1e-5),
        "\(name) on \(backend.name)")
    }
  }

  @Test(arguments: TestBackend.native)
  func momentumBelowKesten(backend: TestBackend) throws {
    let trainer = try Self.trainer(
      "sgd(0.1, momentum=0.9) / kesten()", average: .polynomial, on: backend.device())
    try Self.step(trainer)
    let file = try trainer.checkpoint()
    let (weight, bias) = ([1, 2], [1])
    #expect(
      shapes(file) == [
        "weight": weight, "bias": bias, "training.weight": weight, "training.bias": bias,
        "optimizer.weight.b": weight, "optimizer.bias.b": bias,
        "tower.0.hyperparameter.alpha": [], "tower.1.hyperparameter.kappa": [],
        "tower.1.state.alpha.cbar": [], "tower.1.state.alpha.n": [],
        "tower.1.state.alpha.started": [],
        "tower.0.derivative.weight.alpha": weight, "tower.0.derivative.bias.alpha": bias,
        "tower.0.factor.alpha": [],
      ])
    for (name, expected) in [
      ("optimizer.weight.b", Self.gradient), ("optimizer.bias.b", [-6]),
      ("training.weight", [0.6, 1.2]), ("training.bias", [0.6]),
      ("tower.0.hyperparameter.alpha", [0.1]), ("tower.1.hyperparameter.kappa", [1]),
      // Nothing was tuned in the first step.
      ("tower.1.state.alpha.cbar", [0]), ("tower.1.state.alpha.started", [0]),
    ] {
      assertClose(
        try numbers(file, name), expected, .relativeFromOne(1e-6), "\(name) on \(backend.name)")
    }
    // ∂p/∂α = −b.
    let factor = try numbers(file, "tower.0.factor.alpha")[0]
    #expect(
      try numbers(file, "tower.0.derivative.weight.alpha").map { $0 * factor }
        == Self.gradient.map { -$0 })

    // The second step has b = 0.9·b + g, and α was multiplied by e^(κ·cos).
    let before = try numbers(file, "training.weight")
    try Self.step(trainer)
    let second = try trainer.checkpoint()
    let error = zip(before, [1, 2]).reduce(try numbers(file, "training.bias")[0] - 3) {
      $0 + $1.0 * $1.1
    }
    assertClose(
      try numbers(second, "optimizer.weight.b"),
      zip(Self.gradient, [1, 2]).map { 0.9 * $0 + 2 * error * $1 },
      .relativeFromOne(1e-6), "b on \(backend.name)")
    #expect(try numbers(second, "tower.1.state.alpha.started") == [1])
  }

  /// Where each tensor has its own hyperparameters, and a level in between has derivatives.
  @Test(
    arguments: [
      (
        "sgd_per_parameter(0.1) / rmsprop() / mechanic_sgd()",
        [
          "tower.0.hyperparameter.weight.alpha", "tower.0.hyperparameter.bias.alpha",
          "tower.0.previous.gradient.bias", "tower.1.derivative.weight_alpha.sqrt_alpha",
          "tower.1.state.bias_alpha.s", "tower.2.state.gamma.delta", "tower.2.shared.s0",
        ]
      ),
      (
        "sgd(0.1) / drift()",
        [
          "optimizer.weight.run_alpha", "tower.0.shared.run_steps", "tower.0.factor.alpha",
          "tower.0.derivative.weight.alpha", "tower.1.state.alpha.n",
        ]
      ),
      (
        "sgd(0.1, momentum=0.9) / kesten(per_tensor=true)",
        [
          "tower.0.hyperparameter.bias.alpha", "tower.0.factor.bias.alpha",
          "tower.0.derivative.bias.alpha", "tower.1.state.weight_alpha.cbar",
        ]
      ),
      ("dog()", ["optimizer.bias.moved", "tower.0.shared.rbar"]),
    ])
  func namesOfEachTensor(notation: String, expected: [String]) throws {
    let trainer = try Self.trainer(notation)
    try Self.step(trainer)
    let names = Set(try trainer.checkpoint().entries.map(\.name))
    for name in expected {
      #expect(names.contains(name), "\(name) is not among \(names.sorted())")
    }
    // Each number has one name.
    let layout = trainer.state.layout
    #expect(Set(layout.namedNumbers.map(\.offset)).count == layout.namedNumbers.count)
    #expect(
      Set(layout.namedNumbers.map(\.offset)).isSuperset(of: 0..<layout.hyperparameterCount))
  }

  @Test func namesOfAModel() throws {
    let tokens = Dataset(
      count: 2, featureCount: 3, features: .floats([0, 1, 2, 3, 1, 0]),
      targets: .values([0, 0], width: 1))
    let trainer = try Trainer(
      Summed(GPT(vocabulary: 4, context: 3, width: 4, layers: 1, heads: 2)),
      loss: .meanSquaredError, sampleShape: [3], optimizer: Adam(), on: .cpu)
    try trainer.train(on: tokens, batchSize: 2, steps: 1)
    let file = try trainer.checkpoint()
    #expect(file["optimizer.gpt.blocks.0.norm1.weight.m"]?.shape == [4])
    #expect(file["optimizer.gpt.blocks.0.attention.weight.v"]?.shape == [12, 4])
    #expect(file["optimizer.gpt.token.weight.m"]?.shape == [4, 4])
  }

  private struct Summed: Module {
    let gpt: GPT
    init(_ gpt: GPT) { self.gpt = gpt }
    func callAsFunction(_ x: Tensor) -> Tensor {
      gpt(x).sum([1, 2]).reshaped([x.shape[0], 1])
    }
  }

  // MARK: Other formats

  /// A file of format 1 as the version that wrote it did.
  private static func format1(_ trainer: Trainer) throws -> SafetensorsFile {
    var metadata = try trainer.checkpoint().metadata
    metadata["hypertower_checkpoint"] = "1"
    metadata["planned_steps"] = nil
    let state = trainer.state
    let arrays = try state.arraysOfFormat1.map { name, array in
      SafetensorsFile.Entry(
        name: name, shape: [array.count], try state.backend.read(0..<array.count, of: array))
    }
    return SafetensorsFile(try trainer.weights().entries + arrays, metadata: metadata)
  }

  @Test(
    arguments: ["adam() / sgd(1e-5)", "sgd(0.1, momentum=0.9) / kesten()", "adam(cosine(0.1))"])
  func format1IsRead(notation: String) throws {
    let average: WeightAverage? = notation.contains("kesten") ? .polynomial : nil
    func trainer() throws -> Trainer {
      try Self.trainer(notation, average: average, plannedSteps: 9)
    }
    for steps in [0, 3, 4] {
      let (whole, resumed) = (try trainer(), try trainer())
      try Self.step(whole, steps)
      try resumed.resume(from: Self.format1(whole), on: Self.data)
      for trainer in [whole, resumed] { try Self.step(trainer, 5) }
      #expect(try bits(whole) == bits(resumed), "\(notation) after \(steps)")
    }
  }

  /// A version that computes the formula in other parts has another number of values that it shares.
  @Test func otherPartsOfAFormulaGoOn() throws {
    let (whole, resumed) = (
      try Self.trainer("adam() / sgd(1e-5)"), try Self.trainer("adam() / sgd(1e-5)")
    )
    try Self.step(whole, 4)
    let name = "tower.0.previous.uniforms"
    let file = try changing(whole.checkpoint(), name) { _ in
      .init(name: name, shape: [1, 2], doubles: [1, 2])
    }
    var notes: [String] = []
    try resumed.resume(from: file, on: Self.data) { notes.append($0) }
    #expect(notes.count == 1 && notes[0].contains("computes adam in other parts"), "\(notes)")
    for trainer in [whole, resumed] { try Self.step(trainer, 3) }
    assertClose(
      try resumed.weights().entries.flatMap { $0.doubles() },
      try whole.weights().entries.flatMap { $0.doubles() }, .relativeFromOne(1e-13), "weights")
    assertClose(
      try resumed.checkpoint()["tower.0.hyperparameter.beta1"]!.doubles(),
      try whole.checkpoint()["tower.0.hyperparameter.beta1"]!.doubles(), .relativeFromOne(1e-13),
      "beta1")
  }

  // MARK: Bad files

  private func changing(
    _ file: SafetensorsFile, _ name: String,
    _ change: (SafetensorsFile.Entry) -> SafetensorsFile.Entry?
  ) -> SafetensorsFile {
    SafetensorsFile(
      file.entries.compactMap { $0.name == name ? change($0) : $0 }, metadata: file.metadata)
  }

  @Test(
    arguments: [
      ("optimizer.weight.m", [1, 2]), ("tower.0.hyperparameter.beta1", []),
      ("tower.0.previous.gradient.bias", [1]), ("tower.0.previous.uniforms", nil),
      ("tower.1.hyperparameter.alpha", []), ("weight", [1, 2]),
    ] as [(String, [Int]?)])
  func aMissingTensorIsNamed(name: String, shape: [Int]?) throws {
    let trainer = try Self.trainer("adam() / sgd(1e-5)")
    try Self.step(trainer, 2)
    let before = try bits(trainer)
    let file = try trainer.checkpoint()
    func refusal(_ file: SafetensorsFile) throws -> String {
      let other = try Self.trainer("adam() / sgd(1e-5)")
      try Self.step(other)
      let state = try bits(other)
      let error = try #require(throws: InputError.self) {
        try other.resume(from: file, source: "file", on: Self.data)
      }
      #expect(try bits(other) == state)
      return error.message
    }
    let missing = try refusal(changing(file, name) { _ in nil })
    #expect(missing.hasPrefix("file: tensor '\(name)' ") && missing.hasSuffix("is missing"))
    let reshaped = try refusal(
      changing(file, name) { _ in .init(name: name, shape: [3], doubles: [1, 2, 3]) })
    #expect(reshaped.contains("tensor '\(name)' has shape [3], the model"), "\(reshaped)")
    if let shape {
      #expect(reshaped.hasSuffix("\(shape)"), "\(reshaped)")
    }
    #expect(try bits(trainer) == before)
  }

  @Test func whatDoesNotBelongIsNamed() throws {
    let trainer = try Self.trainer("adam() / sgd(1e-5)")
    try Self.step(trainer)
    let file = try trainer.checkpoint()
    func refusal(_ file: SafetensorsFile) throws -> String {
      try #require(throws: InputError.self) { try trainer.resume(from: file, on: Self.data) }
        .message
    }
    let other = SafetensorsFile(
      file.entries + [.init(name: "optimizer.weight.u", shape: [1], doubles: [1])],
      metadata: file.metadata)
    #expect(
      try refusal(other)
        == "checkpoint: tensor 'optimizer.weight.u' does not belong to the model")
    let infinite = changing(file, "tower.0.hyperparameter.alpha") {
      .init(name: $0.name, shape: [], doubles: [.infinity])
    }
    #expect(
      try refusal(infinite)
        == "checkpoint: tensor 'tower.0.hyperparameter.alpha' is inf, not finite")
    let half = changing(file, "optimizer.bias.m") {
      .init(name: $0.name, shape: [1], elementType: .float16, bytes: [0, 0])
    }
    #expect(
      try refusal(half)
        == "checkpoint: tensor 'optimizer.bias.m' is of type F16, which no checkpoint has")
    let future = SafetensorsFile(
      file.entries, metadata: file.metadata.merging(["hypertower_checkpoint": "3"]) { $1 })
    #expect(try refusal(future).contains("has no 'hypertower_checkpoint' of 1 or 2"))
  }

  /// A constant factor of a stored derivative must be this version's.
  @Test func aFactorThatIsAnotherIsNamed() throws {
    let trainer = try Self.trainer("sgd(0.1, momentum=0.9) / kesten()")
    try Self.step(trainer)
    let file = try trainer.checkpoint()
    let name = "tower.0.factor.alpha"
    let error = try #require(throws: InputError.self) {
      try trainer.resume(
        from: changing(file, name) { .init(name: $0.name, shape: [], doubles: [7]) }, on: Self.data)
    }
    #expect(error.message.contains("tensor '\(name)' is 7.0, and this version"))
  }
}
