import Hypertower
import Testing

/// Outputs of a part of a model.
@Suite struct PartOutputsTests {
  private struct Autoencoder: Module {
    let encoder = Sequential(Linear(4, 3), BatchNorm(3))
    let decoder = Linear(3, 4)
    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      decoder(encoder(x, in: context).tanh())
    }
  }

  @Test(arguments: TestBackend.native)
  func partsHaveTheWeightsThatEvaluationSees(_ backend: TestBackend) throws {
    let data = Dataset(
      count: 6, featureCount: 4, features: .floats((0..<24).map { Float($0 % 7) / 4 }),
      targets: .classes([0, 0, 0, 0, 0, 0], classCount: 1)
    ).withFeaturesAsTargets()
    let model = Autoencoder()
    let trainer = try Trainer(
      model, loss: .meanSquaredError, optimizer: Adam(0.1), average: .polynomial,
      on: backend.device(), seed: 2)
    try trainer.train(on: data, batchSize: 3, steps: 20)
    let inputs = data.features(of: 0..<6)
    let codes = try trainer.outputs(of: model.encoder, for: inputs, sampleShape: [4])
    #expect(codes.count == 18)
    let activations = try Tensor(codes.map(Float.init), shape: [6, 3]).tanh().array()
    assertClose(
      try trainer.outputs(of: model.decoder, for: activations, sampleShape: [3]),
      try trainer.outputs(for: inputs), .relative(1e-5), backend.name)

    // Later weights are seen, too.
    try trainer.train(on: data, batchSize: 3, steps: 20)
    #expect(try trainer.outputs(of: model.encoder, for: inputs, sampleShape: [4]) != codes)
  }
}
