import Hypertower
import Testing

extension ArticleTests {
  @Test func howATowerWorks() throws {
    let (data, model) = (twoRings, DenseNetwork(widths: [2, 16, 2]))

    let towers: [Tower] = [
      SGD(0.01).tower, SGD(0.01) / Adam(0.01), SGD(0.1) / Adam(0.01),
      SGD(0.01) / Adam(0.01) / SGD(0.001),
    ]
    for tower in towers {
      let trainer = try Trainer(
        model, loss: .negativeLogLikelihood, optimizer: tower, on: try Device.preferred(), seed: 1)
      try trainer.train(on: data, batchSize: 50, steps: 400)
      print("\(tower): loss \(try trainer.loss(on: data)), now \(try trainer.tower)")
    }

    var losses: [Double] = []
    for tower in towers {
      let trainer = try Trainer(
        model, loss: .negativeLogLikelihood, optimizer: tower, on: .cpu, seed: 1)
      try trainer.train(on: data, batchSize: 50, steps: 400)
      losses.append(try trainer.loss(on: data))
    }
    #expect(losses[0] > 0.67, "\(losses)")
    #expect(losses.dropFirst().allSatisfy { $0 > 0.28 && $0 < 0.42 }, "\(losses)")
  }
}
