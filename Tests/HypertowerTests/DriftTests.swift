import Glibc
import Testing

@testable import Hypertower

/// `drift` against its formula, computed by hand from the weights that training goes through.
@Suite struct DriftTests {
  private static let network = ReferenceNetwork(inputs: 6, hidden: 5, outputs: 3)
  private static let batchSize = 8

  private static let samples: [(x: [Float], label: Int)] = {
    var random = SeededRandom(17)
    return (0..<24).map { _ in
      (random.floats(6, in: -1...1), Int.random(in: 0..<3, using: &random))
    }
  }()

  private static let data = Dataset(
    count: samples.count, featureCount: 6, features: .floats(samples.flatMap(\.x)),
    targets: .classes(samples.map { Int32($0.label) }, classCount: 3))

  private static func trainer(_ notation: String, on device: Device) throws -> Trainer {
    try Trainer(
      DenseNetwork(widths: [6, 5, 3]), loss: .negativeLogLikelihood,
      optimizer: try Tower(parsing: notation), on: device, seed: 5)
  }

  private static func weights(_ trainer: Trainer) throws -> [Double] {
    let file = try trainer.weights()
    return try ["w1", "b1", "w2", "b2"].flatMap { try #require(file[$0]).doubles() }
  }

  /// What one step size of the formula remembers.
  private struct Reference {
    var alpha: Double
    let kappa: Double
    /// The weights that it moves.
    let own: [Int]
    private var run: [Double]
    private var steps = 0.0
    private var moves = 0.0
    private var last: [Double]?

    init(alpha: Double, kappa: Double, own: [Int]) {
      (self.alpha, self.kappa, self.own) = (alpha, kappa, own)
      run = own.map { _ in 0 }
    }

    /// The step size of the step that starts at `weights`.
    mutating func move(_ weights: [Double], _ gradient: [Double]) -> Double {
      let weights = own.map { weights[$0] }
      let gradient = own.map { gradient[$0] }
      if let last {
        // A step is the step size times its derivative.
        let derivative = zip(weights, last).map { ($0 - $1) / alpha }
        run = zip(run, derivative).map { $0 * steps / (steps + 1) + $1 }
        steps += 1
        moves += 1
        let ofStep = Self.cosine(gradient, derivative)
        var cosine = min(max(Self.cosine(gradient, run), ofStep - 0.2), ofStep + 0.2)
        if Self.length(run) > 2 * moves * Self.length(derivative) { cosine = min(cosine, 0) }
        alpha *= exp(kappa * cosine * (20 / max(20, moves)).squareRoot())
      }
      last = weights
      return alpha
    }

    private static func dot(_ x: [Double], _ y: [Double]) -> Double {
      zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func length(_ x: [Double]) -> Double { dot(x, x).squareRoot() }

    private static func cosine(_ gradient: [Double], _ way: [Double]) -> Double {
      -dot(gradient, way) / (length(gradient) * length(way))
    }

    /// After step sizes were changed from outside.
    mutating func restart(_ factor: Double) {
      alpha *= factor
      (steps, moves, last) = (0, 0, nil)
    }
  }

  /// For more moves than have the full gain; in float32, for as many as rounding allows.
  @Test(
    arguments: [
      ("sgd(0.5) / drift()", 0.5, 1.0), ("adam(0.01) / drift(0.5)", 0.01, 0.5),
      ("rmsprop(0.001) / drift()", 0.001, 1.0), ("sgd(0.2, momentum=0.9) / drift()", 0.2, 1.0),
      ("adam(0.01) / drift(per_tensor=true)", 0.01, 1.0),
    ], TestBackend.native)
  func followsTheFormula(
    own: (notation: String, alpha: Double, kappa: Double), backend: TestBackend
  ) throws {
    let trainer = try Self.trainer(own.notation, on: try backend.device())
    let isPerTensor = own.notation.contains("per_tensor")
    let tensors = Self.network.tensors
    var references = (isPerTensor ? Array(0..<4) : [-1]).map { tensor in
      Reference(
        alpha: own.alpha, kappa: own.kappa,
        own: tensors.indices.filter { tensor < 0 || tensors[$0] == tensor })
    }
    for step in 0..<(backend.isDouble ? 40 : 25) {
      if step == 30 {
        try trainer.scaleLearningRate(by: 0.25)
        for number in references.indices { references[number].restart(0.25) }
      }
      let weights = try Self.weights(trainer)
      let start = step * Self.batchSize % Self.samples.count
      let batch = Array(Self.samples[start..<start + Self.batchSize])
      let gradient = Self.network.loss(weights, batch).gradient
      var record: StepRecord?
      try trainer.train(on: Self.data, batchSize: Self.batchSize, steps: 1, shuffled: false) {
        record = $0[0]
      }
      let found = try #require(record).hyperparameters[0].map(\.value)
      let expected = references.indices.map { references[$0].move(weights, gradient) }
      assertClose(
        found, expected, .relative(backend.isDouble ? 1e-10 : 2e-4),
        "\(own.notation), step \(step) on \(backend.name)")
    }
  }

  /// A step so small that no weight changes by it still makes the step size grow.
  @Test(arguments: TestBackend.native)
  func stepsBelowRoundingGrow(backend: TestBackend) throws {
    let trainer = try Self.trainer("sgd(1e-15) / drift()", on: try backend.device())
    try trainer.train(on: Self.data, batchSize: 24, steps: 60, shuffled: false)
    let alpha = try #require(trainer.tower.levels[0].hyperparameters.first).value
    #expect(alpha > 1e-4, "\(alpha)")
  }

  /// Noisy samples of three prototypes, which a network learns entirely: gradients vanish, but the step size does not
  /// make up for that.
  @Test(arguments: TestBackend.native)
  func vanishingGradientsDoNotRaiseTheStepSize(backend: TestBackend) throws {
    var random = SeededRandom(3)
    let (samples, features) = (120, 20)
    let prototypes = random.floats(3 * features, in: 0...1)
    let noise = random.floats(samples * features, in: -0.2...0.2)
    let data = Dataset(
      count: samples, featureCount: features,
      features: .floats(
        noise.indices.map { prototypes[$0 / features % 3 * features + $0 % features] + noise[$0] }),
      targets: .classes((0..<samples).map { Int32($0 % 3) }, classCount: 3))
    let trainer = try Trainer(
      Sequential(Linear(features, 16), Activation.relu, Linear(16, 3)), loss: .crossEntropy,
      optimizer: Adam() / Drift(), firstStep: 1e-3, on: try backend.device(), seed: 5)
    try trainer.train(on: data, batchSize: 20, steps: 1500)
    let alpha = try #require(trainer.tower.levels[0].hyperparameters.first).value
    #expect(alpha < 10, "\(alpha)")
    #expect(try trainer.accuracy(on: data) == 100)
  }

  /// The level above tunes κ by the gradient of what κ moves: dL/dκ = dL/dα · ∂α/∂κ, with
  /// dL/dα = ⟨g, ∂p/∂α⟩ of the last step, and ∂α/∂κ = α · ln(α / α before) / κ.
  @Test func theLevelAboveTunesKappa() throws {
    let trainer = try Self.trainer("sgd(0.5) / drift() / sgd(0.1)", on: .cpu64)
    var (alpha, kappa) = (0.5, 1.0)
    var last: (gradient: [Double], slope: Double)?
    for step in 0..<8 {
      let start = step * Self.batchSize % Self.samples.count
      let gradient = Self.network.loss(
        try Self.weights(trainer), Array(Self.samples[start..<start + Self.batchSize])
      ).gradient
      var record: StepRecord?
      try trainer.train(on: Self.data, batchSize: Self.batchSize, steps: 1, shuffled: false) {
        record = $0[0]
      }
      let found = try #require(record).hyperparameters
      if let last {
        let byAlpha = -zip(gradient, last.gradient).reduce(0) { $0 + $1.0 * $1.1 }
        kappa -= 0.1 * byAlpha * last.slope
      }
      assertClose(found[1][0].value, kappa, .relative(1e-10), "κ of step \(step)")
      let next = found[0][0].value
      last = (gradient, next * log(next / alpha) / kappa)
      alpha = next
    }
    #expect(kappa != 1)
  }
}
