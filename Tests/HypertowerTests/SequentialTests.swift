import Testing

@testable import Hypertower

@Suite("Modules applied one after another")
struct SequentialTests {
  private let x = Tensor([1, -2, 3, 0.5, 4, -1], shape: [2, 3])

  @Test("The outputs are those of the layers, each applied to what the one before gives")
  func outputs() throws {
    let layers: [any Module] = [Activation.tanh, Activation.relu, Activation.sigmoid]
    let expected = try x.tanh().relu().sigmoid().array()
    #expect(try Sequential(layers)(x).array() == expected)
    #expect(try Sequential(Activation.tanh, Sequential(Array(layers[1...])))(x).array() == expected)
    #expect(try Sequential([])(x).array() == x.array())
  }

  @Test("Parameters are named after their place and trained")
  func parameters() throws {
    let model = Sequential(Linear(3, 4), Activation.tanh, Sequential(Linear(4, 2)))
    let names = model.parameters.map(\.name)
    #expect(
      names == [
        "layers.0.weight", "layers.0.bias", "layers.2.layers.0.weight", "layers.2.layers.0.bias",
      ])
    let data = Dataset(
      count: 2, featureCount: 3, features: .floats([1, -2, 3, 0.5, 4, -1]),
      targets: .classes([0, 1], classCount: 2))
    func trained(_ model: some Module) throws -> [[Float]] {
      let trainer = try Trainer(
        model, loss: .crossEntropy, optimizer: SGD(0.1), on: .cpu, seed: 3)
      try trainer.train(on: data, batchSize: 2, steps: 5)
      let weights = try trainer.weights()
      return weights.entries.map { $0.floats() }
    }
    // The same layers written as a network of dense layers.
    let network = DenseNetwork(
      widths: [3, 4, 2], outputActivation: .identity, endsInLogSoftmax: false)
    let own = try trained(model)
    #expect(try Set(own) == Set(trained(network)))
    #expect(own.count == 4)
  }
}
