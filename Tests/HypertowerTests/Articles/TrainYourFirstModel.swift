import Datasets
import Hypertower
import Testing

struct DigitClassifier: Module {
  var hidden = Linear(784, 128)
  var output = Linear(128, 10)

  func callAsFunction(_ x: Tensor) -> Tensor {  // [batch, 784] → [batch, 10]
    output(hidden(x).relu())
  }
}

extension ArticleTests {
  @Test func trainYourFirstModel() throws {
    try withTemporaryFolder { folder in
      let file = "\(folder)/digits.safetensors"

      let mnist = try MNIST.embedded()
      let trainer = try Trainer(
        DigitClassifier(), loss: .crossEntropy, optimizer: Adam() / Drift(), firstStep: 1e-3,
        average: .polynomial, on: try Device.preferred(), seed: 1)

      try trainer.train(on: mnist.train, batchSize: 300)
      print("accuracy: \(try trainer.accuracy(on: mnist.test!)) %")
      print("tower: \(try trainer.tower)")

      #expect(try trainer.accuracy(on: mnist.test!) > 93)

      try trainer.train(
        on: mnist.train, batchSize: 300, steps: 2000,
        callbacks: [
          .everySteps(100) { pause in
            print("step \(pause.record.step + 1): loss \(pause.meanLoss)")
          },
          .everyEpochs { pause in
            let accuracy = try pause.trainer.accuracy(on: mnist.test!)
            print("epoch \(pause.epoch): \(accuracy) %")
            if accuracy > 96 { pause.stop() }
          },
        ])

      #expect(trainer.stepCount < 2200)

      try trainer.save(file)
      let image = mnist.test!.features(of: 0..<1)  // 784 numbers from 0 to 1
      let logits = try trainer.outputs(for: image)  // one for each digit
      print("a \(logits.indices.max { logits[$0] < logits[$1] }!)")

      #expect(logits.indices.max { logits[$0] < logits[$1] }! == 7)
      let saved = try trainer.weights()

      try trainer.load(file)

      #expect(try trainer.weights().serialized() == saved.serialized())
    }
  }
}
