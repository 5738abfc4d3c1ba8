import Glibc
import Testing

@testable import Hypertower

/// Metrics against values counted by hand.
@Suite struct MetricTests {
  private static let classes = 4
  /// More than two chunks, the last of them smaller; small whole numbers, so that many outputs are equal.
  private static let count = 2345

  private static func samples() -> (outputs: [[Double]], labels: [Int]) {
    var random = SeededRandom(77)
    let outputs = (0..<count).map { _ in
      (0..<classes).map { _ in Double(Int.random(in: -3...3, using: &random)) }
    }
    return (outputs, (0..<count).map { _ in Int.random(in: 0..<classes, using: &random) })
  }

  /// A model that gives back its inputs.
  private static func identity(_ width: Int, loss: Loss, on device: Device) throws -> Trainer {
    let trainer = try Trainer(Linear(width, width), loss: loss, optimizer: SGD(0), on: device)
    try trainer.setWeights(
      SafetensorsFile([
        .init(
          name: "weight", shape: [width, width],
          floats: (0..<width * width).map { $0 % (width + 1) == 0 ? 1 : 0 }),
        .init(name: "bias", shape: [width], floats: .init(repeating: 0, count: width)),
      ]))
    return trainer
  }

  /// Places of the outputs from the greatest down, of equal ones the first first.
  private func ranking(_ outputs: [Double]) -> [Int] {
    outputs.indices.sorted { (-outputs[$0], $0) < (-outputs[$1], $1) }
  }

  /// −log of the label's softmax.
  private func surprise(_ outputs: [Double], _ label: Int) -> Double {
    log(outputs.reduce(0) { $0 + exp($1) }) - outputs[label]
  }

  /// Each chunk has samples of one class alone, and one has none that count.
  @Test(
    "A weighted loss is a mean over all samples, in whatever order they come",
    arguments: TestBackend.native)
  func weightedLosses(backend: TestBackend) throws {
    let (outputs, drawn) = Self.samples()
    let weights: [Float] = [1, 0.5, 4, 2]
    // Whole chunks of the first classes.
    let sorted = (0..<Self.count).map { $0 / 1000 }
    for labels in [sorted, drawn] {
      let data = Dataset(
        count: Self.count, featureCount: Self.classes,
        features: .floats(outputs.flatMap { $0.map { Float($0) } }),
        targets: .classes(labels.map { Int32($0) }, classCount: Self.classes))
      for ignored in [nil, 0] {
        let trainer = try Self.identity(
          Self.classes, loss: .crossEntropy(ignoredIndex: ignored, classWeights: weights),
          on: backend.device())
        let counted = labels.map { $0 == ignored ? 0 : Double(weights[$0]) }
        let sum = zip(zip(outputs, labels), counted).reduce(0) { sum, sample in
          sum + sample.1 * surprise(sample.0.0, sample.0.1)
        }
        assertClose(
          try trainer.loss(on: data), sum / counted.reduce(0, +),
          .relative(backend.isDouble ? 1e-12 : 1e-5), "loss on \(backend.name)")
      }
    }
  }

  @Test(arguments: TestBackend.native)
  func ofClasses(backend: TestBackend) throws {
    let (outputs, labels) = Self.samples()
    let data = Dataset(
      count: Self.count, featureCount: Self.classes,
      features: .floats(outputs.flatMap { $0.map { Float($0) } }),
      targets: .classes(labels.map { Int32($0) }, classCount: Self.classes))
    let trainer = try Self.identity(
      Self.classes, loss: .crossEntropy, on: backend.device())
    let result = try trainer.evaluate(
      on: data,
      metrics: [
        .accuracy, .topK(1), .topK(3), .topK(4), .confusionMatrix, .perplexity, .bitsPerCharacter,
      ])
    func share(_ k: Int) -> Double {
      let right = zip(outputs, labels).count { ranking($0).prefix(k).contains($1) }
      return 100 * Double(right) / Double(Self.count)
    }
    var matrix = [Double](repeating: 0, count: Self.classes * Self.classes)
    for (own, label) in zip(outputs, labels) { matrix[label * Self.classes + ranking(own)[0]] += 1 }
    let nats = zip(outputs, labels).reduce(0) { $0 + surprise($1.0, $1.1) } / Double(Self.count)

    #expect(
      result.metrics.map(\.name) == [
        "accuracy", "top-1 accuracy", "top-3 accuracy", "top-4 accuracy", "confusion matrix",
        "perplexity", "bits per character",
      ])
    #expect(result.metrics[0].number == share(1) && result.accuracyPercent == share(1))
    #expect(result.metrics[1].number == share(1))
    #expect(result.metrics[2].number == share(3) && share(3) != share(1))
    #expect(result.metrics[3].number == 100)
    #expect(result["confusion matrix"]?.shape == [Self.classes, Self.classes])
    #expect(result["confusion matrix"]?.elements == matrix)
    let tolerance = Tolerance.relative(backend.isDouble ? 1e-12 : 1e-5)
    assertClose(result.loss, nats, tolerance, "loss on \(backend.name)")
    assertClose(result.metrics[5].number, exp(nats), tolerance, "perplexity on \(backend.name)")
    assertClose(result.metrics[6].number, nats / M_LN2, tolerance, "bits on \(backend.name)")
    #expect(result["accuracy"] == result.metrics[0] && result["nothing"] == nil)
  }

  @Test(arguments: TestBackend.native)
  func ofValuesAndOnesOwn(backend: TestBackend) throws {
    let outputs = Self.samples().outputs
    var random = SeededRandom(78)
    let targets = outputs.map { $0.map { $0 + Double(Int.random(in: -2...2, using: &random)) / 4 } }
    let data = Dataset(
      count: Self.count, featureCount: Self.classes,
      features: .floats(outputs.flatMap { $0.map { Float($0) } }),
      targets: .values(targets.flatMap { $0.map { Float($0) } }, width: Self.classes))
    let trainer = try Self.identity(
      Self.classes, loss: .meanSquaredError, on: backend.device())
    let bias = Metric("bias") { outputs, targets in (outputs - targets).sum([0]) }
    let root = Metric("root") {
      let difference = $0 - $1
      return (difference * difference).sum()
    } result: { sums, samples in
      [(sums[0] / Double(samples)).squareRoot()]
    }
    let differences = zip(outputs, targets).map { zip($0, $1).map(-) }
    let count = Double(Self.count)
    func check(_ result: Evaluation, _ differences: [[Double]]) {
      let all = differences.flatMap { $0 }
      let tolerance = Tolerance.relativeFromOne(backend.isDouble ? 1e-12 : 1e-6)
      assertClose(
        result["mean absolute error"]!.number,
        all.reduce(0) { $0 + abs($1) } / Double(all.count), tolerance, "error on \(backend.name)")
      #expect(result["bias"]?.shape == [Self.classes])
      assertClose(
        result["bias"]!.elements,
        (0..<Self.classes).map { column in differences.reduce(0) { $0 + $1[column] } / count },
        tolerance, "bias on \(backend.name)")
      assertClose(
        result["root"]!.number, (all.reduce(0) { $0 + $1 * $1 } / count).squareRoot(), tolerance,
        "root on \(backend.name)")
      #expect(result.accuracyPercent == nil)
    }
    let metrics = [.meanAbsoluteError, bias, root]
    check(try trainer.evaluate(on: data, metrics: metrics), differences)
    // Other metrics in between, the same again, and other weights.
    #expect(try trainer.evaluate(on: data).metrics.isEmpty)
    #expect(try trainer.evaluate(on: data, metrics: [root]).metrics.map(\.name) == ["root"])
    check(try trainer.evaluate(on: data, metrics: metrics), differences)
    let weights = try trainer.weights().entries
    try trainer.setWeights(
      SafetensorsFile(
        weights.map {
          .init(
            name: $0.name, shape: $0.shape, floats: $0.floats().map { $0 + ($0 == 1 ? 0 : 0.5) })
        }))
    let moved = outputs.map { row in
      let sum = row.reduce(0, +)
      return row.map { $0 + 0.5 * (sum - $0) + 0.5 }
    }
    check(
      try trainer.evaluate(on: data, metrics: metrics),
      zip(moved, targets).map { zip($0, $1).map(-) })
  }

  /// Two metrics of one name are two.
  @Test func metricsAreToldApart() throws {
    let data = Dataset(
      count: 3, featureCount: 1, features: .floats([1, 2, 3]),
      targets: .values([0, 0, 0], width: 1))
    let trainer = try Self.identity(1, loss: .meanSquaredError, on: .cpu)
    let (sum, twice) = (
      Metric("mine") { x, _ in x.sum() }, Metric("mine") { x, _ in (2 * x).sum() }
    )
    #expect(try trainer.evaluate(on: data, metrics: [sum]).metrics[0].number == 2)
    #expect(try trainer.evaluate(on: data, metrics: [twice]).metrics[0].number == 4)
    #expect(try trainer.evaluate(on: data, metrics: [twice, sum]).metrics.map(\.number) == [4, 2])
    // Those of one name that are made and dropped again are told apart, too.
    for factor in 1...40 {
      let own = Metric("mine") { x, _ in (.constant(Double(factor)) * x).sum() }
      #expect(
        try trainer.evaluate(on: data, metrics: [own]).metrics[0].number == 2 * Double(factor))
    }
    // A constant, although it is not made of outputs.
    let ones = Metric("ones") { x, _ in Tensor(repeating: Double(x.shape[0]), shape: []) }
    #expect(try trainer.evaluate(on: data, metrics: [ones]).metrics[0].number == 1)
  }

  @Test(arguments: TestBackend.native)
  func ofTokens(backend: TestBackend) throws {
    var random = SeededRandom(79)
    let tokens = (0..<300).map { _ in Int32.random(in: 0..<5, using: &random) }
    let data = Dataset(TokenWindows(tokens, length: 4), vocabularySize: 5)
    let trainer = try Trainer(
      Embedding(5, 5), loss: .crossEntropy, sampleShape: [4], optimizer: SGD(0),
      on: backend.device(), seed: 3)
    let table = try trainer.weights().entries[0].doubles()
    let result = try trainer.evaluate(
      on: data, metrics: [.accuracy, .topK(2), .perplexity, .bitsPerCharacter, .confusionMatrix])
    let pairs = (0..<data.count * 4).map { (Int(tokens[$0]), Int(tokens[$0 + 1])) }
    func outputs(_ token: Int) -> [Double] { Array(table[token * 5..<token * 5 + 5]) }
    func share(_ k: Int) -> Double {
      100 * Double(pairs.count { ranking(outputs($0.0)).prefix(k).contains($0.1) })
        / Double(pairs.count)
    }
    let nats = pairs.reduce(0) { $0 + surprise(outputs($1.0), $1.1) } / Double(pairs.count)
    let tolerance = Tolerance.relative(backend.isDouble ? 1e-12 : 1e-5)
    #expect(result.metrics[0].number == share(1) && result.metrics[1].number == share(2))
    assertClose(result.metrics[2].number, exp(nats), tolerance, "perplexity on \(backend.name)")
    assertClose(result.metrics[3].number, nats / M_LN2, tolerance, "bits on \(backend.name)")
    var matrix = [Double](repeating: 0, count: 25)
    for (token, next) in pairs { matrix[next * 5 + ranking(outputs(token))[0]] += 1 }
    #expect(result.metrics[4].elements == matrix)
  }

  /// A label's output that is NaN is not among the greatest; another that is NaN is above it.
  @Test func notANumber() throws {
    let outputs = Tensor([.nan, 1, 0, 3, .nan, 2, 5, 4, 3], shape: [3, 3])
    func sums(_ metric: Metric, _ labels: [Float]) throws -> [Float] {
      try metric.sums(outputs, Tensor(labels)).array()
    }
    #expect(try sums(.topK(1), [0, 0, 0]) == [1, 3])
    #expect(try sums(.topK(2), [1, 0, 1]) == [3, 3])
    #expect(try sums(.topK(2), [0, 1, 2]) == [0, 3])
  }
}
