import Testing

@testable import Hypertower

@Suite("Modules applied one after another")
struct SequentialTests {
  private static let data = TrainingTests.data

  /// The network of the first test, written out.
  private struct Composed: Module {
    let first = Linear(12, 5)
    let second = Linear(5, 3)
    var parameters: [(name: String, tensor: Tensor)] {
      [
        ("layers.0.weight", first.weight), ("layers.0.bias", first.bias),
        ("layers.2.weight", second.weight), ("layers.2.bias", second.bias),
      ]
    }
    func callAsFunction(_ x: Tensor) -> Tensor { second(first(x).tanh()) }
  }

  private func course(_ model: some Module, on device: Device) throws -> ([[UInt64]], [Double]) {
    let trainer = try Trainer(
      model, loss: .crossEntropy, optimizer: Adam(0.01) / SGD(1e-4), on: device, seed: 3)
    var losses = [try trainer.loss(on: Self.data)]
    try trainer.train(on: Self.data, batchSize: 30, steps: 12) { losses += $0.map(\.loss) }
    return (try bits(trainer), losses)
  }

  @Test("It trains as its modules composed, bit by bit", arguments: TestBackend.native)
  func composition(backend: TestBackend) throws {
    let expected = try course(Composed(), on: backend.device())
    let sequence = Sequential(Linear(12, 5), Activation.tanh, Linear(5, 3))
    let result = try course(sequence, on: backend.device())
    #expect(result == expected)
    #expect(result.1.last! < result.1[0])
    // Another order of the same modules is another function.
    let other = Sequential(Linear(12, 5), Linear(5, 3), Activation.tanh)
    #expect(try course(other, on: backend.device()).1 != expected.1)
  }

  @Test("Parameters are named after their places, nested ones too")
  func names() {
    let inner = Sequential(Linear(5, 4), Activation.relu)
    let outer = Sequential([Linear(12, 5), Activation.tanh, inner, Linear(4, 3)])
    #expect(
      outer.parameters.map(\.name) == [
        "layers.0.weight", "layers.0.bias", "layers.2.layers.0.weight", "layers.2.layers.0.bias",
        "layers.3.weight", "layers.3.bias",
      ])
    #expect(
      outer.parameters.map(\.tensor.shape) == [[5, 12], [5], [4, 5], [4], [3, 4], [3]])
  }

  @Test("A nested one is the same function as a flat one, on a device")
  func nesting() throws {
    let flat = try course(
      Sequential(Linear(12, 5), Activation.tanh, Linear(5, 4), Activation.sigmoid, Linear(4, 3)),
      on: .cpu)
    let nested = try course(
      Sequential(
        Sequential(Linear(12, 5), Activation.tanh),
        Sequential(Linear(5, 4), Sequential(Activation.sigmoid, Linear(4, 3)))),
      on: .cpu)
    #expect(flat == nested)
  }

  @Test("An empty one hands on what it is given, and has no parameters")
  func empty() throws {
    #expect(Sequential().parameters.isEmpty)
    let plain = try course(Composed(), on: .cpu)
    let sequence = Sequential(Linear(12, 5), Sequential(), Activation.tanh, Linear(5, 3))
    #expect(try course(sequence, on: .cpu) == plain)
  }
}
