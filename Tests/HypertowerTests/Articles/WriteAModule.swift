import Hypertower
import Testing

/// A dense layer with a factor for each output, and noise in training.
struct ScaledLayer: Module {
  var linear: Linear
  var scale: Tensor
  var dropout = Dropout(0.1)

  init(_ inputs: Int, _ outputs: Int) {
    linear = Linear(inputs, outputs)
    scale = .parameter(shape: [outputs], initializer: .constant(1))
  }

  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {  // [batch, in] → [batch, out]
    dropout((linear(x) * scale).gelu(), in: context)
  }
}

/// Inputs minus their running mean over the steps of training.
struct Centered: Module {
  var mean: Tensor

  init(_ features: Int) { mean = .state(shape: [features], initial: 0) }

  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {  // [batch, features] → same
    guard context.isTraining else { return x - mean }
    let now = x.mean([0])
    context.update(mean, to: 0.9 * mean + 0.1 * now)
    return x - now
  }
}

struct RingNetwork: Module {
  var centered = Centered(2)
  var layers = [ScaledLayer(2, 16), ScaledLayer(16, 16)]
  var output = Linear(16, 2)

  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {  // [batch, 2] → [batch, 2]
    output(layers.reduce(centered(x, in: context)) { $1($0, in: context) })
  }
}

extension ArticleTests {
  @Test func writeAModule() throws {
    let data = twoRings

    for (name, tensor) in RingNetwork().parameters { print(name, tensor.shape) }

    let trainer = try Trainer(
      RingNetwork(), loss: .crossEntropy, sampleShape: [2], optimizer: Adam(0.01),
      on: try Device.preferred(), seed: 1)
    try trainer.train(on: data, batchSize: 50, steps: 300)
    print("accuracy: \(try trainer.accuracy(on: data)) %")

    #expect(try trainer.accuracy(on: data) > 90)
    #expect(
      RingNetwork().parameters.map(\.name) == [
        "layers.0.linear.weight", "layers.0.linear.bias", "layers.0.scale",
        "layers.1.linear.weight", "layers.1.linear.bias", "layers.1.scale", "output.weight",
        "output.bias",
      ])
    let mean = try #require(try trainer.weights()["centered.mean"])
    #expect(mean.floats().contains { $0 != 0 })
  }
}
