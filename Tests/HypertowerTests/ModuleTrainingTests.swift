import Testing

@testable import Hypertower

/// Modules of every kind, trained: the same on every device.
@Suite struct ModuleTrainingTests {
  /// Two classes of images 6 × 5: what is bright, above or below.
  private static let images: Dataset = {
    var random = SeededRandom(1)
    let labels = (0..<24).map { Int32($0 % 2) }
    let features = labels.flatMap { label in
      (0..<30).map { Float.random(in: 0...1, using: &random) + (($0 < 15) == (label == 0) ? 1 : 0) }
    }
    return Dataset(
      count: 24, featureCount: 30, features: .floats(features),
      targets: .classes(labels, classCount: 2))
  }()

  /// Sequences of 5 whole numbers in 0..<7; the class is that of the first number by 3.
  private static let sequences: Dataset = {
    var random = SeededRandom(2)
    let features = (0..<120).map { _ in Float(Int.random(in: 0..<7, using: &random)) }
    let labels = (0..<24).map { Int32(features[5 * $0]) % 3 }
    return Dataset(
      count: 24, featureCount: 5, features: .floats(features),
      targets: .classes(labels, classCount: 3))
  }()

  /// The mean over the time of a transformer's outputs, `[batch, time] → [batch, classes]`.
  private struct Reader: Module {
    let embedding = Embedding(7, 4)
    let block = TransformerBlock(4, heads: 2, isCausal: true)
    let norm = RMSNorm(4)
    let output = Linear(4, 3, bias: false)

    func callAsFunction(_ x: Tensor) -> Tensor { output(norm(block(embedding(x))).mean([1])) }
  }

  /// A parameter of three axes that products alone read, transposed.
  private struct Stacked: Module {
    let weight = Tensor.parameter(shape: [2, 3, 5], initializer: .normal(standardDeviation: 0.5))

    func callAsFunction(_ x: Tensor) -> Tensor {
      x.reshaped([1] + x.shape).matmul(weight, transposeRight: true).sum([0]).logSoftmax()
    }
  }

  private func losses(
    _ model: some Module, _ loss: Loss, on data: Dataset, _ optimizer: some Optimizer,
    on backend: TestBackend
  ) throws -> [Double] {
    let trainer = try Trainer(
      model, loss: loss, sampleShape: [data.featureCount], optimizer: optimizer,
      on: backend.device(), seed: 5)
    var losses = [try trainer.loss(on: data)]
    try trainer.train(on: data, batchSize: 8, steps: 12, shuffled: false) {
      losses += $0.map(\.loss)
    }
    return losses + [try trainer.loss(on: data)]
  }

  private func check(_ name: String, _ run: (TestBackend) throws -> [Double]) throws {
    let expected = try run(.cpu64)
    #expect(expected.last! < 0.9 * expected[0], "\(name): \(expected)")
    for backend in TestBackend.native {
      assertClose(
        try run(backend), expected, backend.isDouble ? .exact : .relativeFromOne(1e-4),
        "\(name) on \(backend.name)")
    }
  }

  @Test func convolutions() throws {
    let model = Sequential(
      Unflatten([1, 6, 5]), Conv2D(1, 4, size: 3, padding: 1), GroupNorm(2, 4), Activation.gelu,
      Residual(Conv2D(4, 4, size: 3, padding: 1, groups: 2, bias: false), Activation.silu),
      MaxPool2D(2), ConvTranspose2D(4, 3, size: 2, stride: 2),
      AveragePool2D(3, stride: 1, padding: 1),
      LayerNorm([6, 4]), Flatten(), Linear(72, 2))
    try check("a network of convolutions") {
      try losses(
        model, .crossEntropy(labelSmoothing: 0.125), on: Self.images,
        Adam(0.01) / SGD(1e-6), on: $0)
    }
  }

  @Test func sequences() throws {
    try check("a transformer") {
      try losses(Reader(), .crossEntropy, on: Self.sequences, Adam(0.02) / SGD(1e-6), on: $0)
    }
  }

  @Test func aParameterOfThreeAxes() throws {
    try check("stacked matrices") {
      try losses(
        Stacked(), .negativeLogLikelihood, on: Self.sequences, SGD(0.005) / SGD(1e-6), on: $0)
    }
  }

  @Test func parametersAreNamedAfterTheirPath() {
    #expect(
      Sequential(Conv1D(1, 2, size: 3), Residual(Linear(2, 2)), Flatten()).parameters.map(\.name)
        == [
          "layers.0.weight", "layers.0.bias", "layers.1.module.weight", "layers.1.module.bias",
        ])
    #expect(
      Reader().parameters.map(\.name) == [
        "embedding.weight", "block.norm1.weight", "block.norm1.bias", "block.attention.qkv.weight",
        "block.attention.qkv.bias", "block.attention.projection.weight",
        "block.attention.projection.bias", "block.norm2.weight", "block.norm2.bias",
        "block.up.weight", "block.up.bias", "block.down.weight", "block.down.bias", "norm.weight",
        "output.weight",
      ])
  }

  @Test(arguments: TestBackend.native)
  func aLabelThatIsNoClassIsNaNWhereSomeAreIgnored(backend: TestBackend) throws {
    let logits = Tensor([1, 2, 3, 4], shape: [2, 2])
    let loss = logits.crossEntropy(Tensor([2, 0]), ignoredIndex: -1)
    #expect(try Tensor.evaluate([loss], on: try backend.make())[0].doubles[0].isNaN)
  }

  @Test func aLossOfOnesOwn() throws {
    let absolute = Loss("absolute") { ($0 - $1).magnitude.mean() }
    let (x, y) = (Tensor([1, 2], shape: [1, 2]), Tensor([3, 2.5], shape: [1, 2]))
    #expect(absolute.name == "absolute")
    #expect(try absolute(x, y).item() == 1.25)
    #expect(try Loss.meanAbsoluteError(x, y).item() == 1.25)
  }
}
