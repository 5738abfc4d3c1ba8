import Hypertower
import Testing

extension ArticleTests {
  @Test func chooseADevice() throws {
    let (data, model) = (twoRings, DenseNetwork(widths: [2, 16, 2]))

    let device = try Device.preferred()
    print(device)

    let reference = try Device.named("cpu64")

    var losses: [Double] = []
    for device in [device, reference] {
      let trainer = try Trainer(
        model, loss: .negativeLogLikelihood, optimizer: SGD(0.1), on: device, seed: 1)
      try trainer.train(on: data, batchSize: 50, steps: 100)
      losses.append(try trainer.loss(on: data))
      print("\(device.name): \(losses.last!)")
    }

    #expect(abs(losses[0] - losses[1]) < 1e-4 * losses[1])
    #expect(throws: InputError.self) { try Device.named("opencl:99") }
  }
}
