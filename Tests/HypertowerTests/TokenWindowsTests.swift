import Hypertower
import Testing

/// Windows of a sequence of tokens, as samples and as their own targets one place further.
@Suite struct TokenWindowsTests {
  private static let tokens = (0..<83).map { (place: Int) -> Int32 in
    Int32((place * place + place / 7) % 5)
  }

  /// An embedding and a dense layer, `[batch, time] → [batch, time, 5]`.
  private struct Model: Module {
    let embedding = Embedding(5, 6)
    let output = Linear(6, 5)

    func callAsFunction(_ x: Tensor) -> Tensor { output(embedding(x)) }
  }

  private static func trainer(_ device: Device) throws -> Trainer {
    try Trainer(
      Model(), loss: .crossEntropy, sampleShape: [4], optimizer: Adam(0.01) / SGD(0.001),
      on: device,
      seed: 3)
  }

  private static func windows(start: Int) -> Dataset {
    Dataset(TokenWindows(tokens, length: 4, start: start), vocabularySize: 5)
  }

  @Test func countsWindowsThatHaveTargets() {
    for (length, start, count) in [(4, 0, 20), (4, 2, 20), (4, 3, 19), (82, 0, 1), (83, 0, 0)] {
      #expect(TokenWindows(Self.tokens, length: length, start: start).count == count)
    }
  }

  @Test(arguments: TestBackend.native)
  func trainsAsOnRowsOfTheSameTokens(backend: TestBackend) throws {
    let windows = Self.windows(start: 2)
    let places = (0..<windows.count * 4).map { 2 + $0 }
    let rows = Dataset(
      count: windows.count, featureCount: 4,
      features: .floats(places.map { Float(Self.tokens[$0]) }),
      targets: .values(places.map { Float(Self.tokens[$0 + 1]) }, width: 4))
    func losses(_ data: Dataset) throws -> [Double] {
      let trainer = try Self.trainer(backend.device())
      var losses: [Double] = []
      try trainer.train(on: data, batchSize: 7, steps: 9) { losses += $0.map(\.loss) }
      return losses + [try trainer.loss(on: data)]
    }
    #expect(try losses(windows) == losses(rows))
  }

  @Test func trainsAlikeOnADeviceAndFromTheHost() throws {
    func result(residentLimit: Int) throws -> [Double] {
      let trainer = try Self.trainer(
        Device(name: "cpu", backend: CPUBackend<Float>(), residentLimit: residentLimit))
      let data = Self.windows(start: 1)
      try trainer.train(on: data, batchSize: 8, steps: 7)
      let evaluation = try trainer.evaluate(on: data)
      return [evaluation.loss, try #require(evaluation.accuracyPercent)]
    }
    #expect(try result(residentLimit: 0) == result(residentLimit: .max))
  }

  @Test func outputsTellTheAccuracy() throws {
    let trainer = try Self.trainer(Device(name: "cpu", backend: CPUBackend<Float>()))
    let data = Self.windows(start: 0)
    try trainer.train(on: data, batchSize: 10, steps: 20)
    let inputs = Self.tokens.prefix(data.count * 4).map { Float($0) }
    let outputs = try trainer.outputs(for: inputs)
    #expect(outputs.count == data.count * 4 * 5)
    var right = 0
    for place in inputs.indices {
      let own = outputs[place * 5..<(place + 1) * 5]
      let best = own.indices.max { own[$0] < own[$1] }! - place * 5
      if best == Int(Self.tokens[place + 1]) { right += 1 }
    }
    let expected = 100 * Double(right) / Double(inputs.count)
    #expect(try abs(trainer.accuracy(on: data) - expected) < 1e-4)
    // One sample alone, which is compiled anew, has the same.
    #expect(try trainer.outputs(for: Array(inputs[..<4])) == Array(outputs[..<20]))
  }
}
