// A convolutional network for the handwritten digits of MNIST: swift run -c release LeNet [STEPS]
//
// After Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-Based Learning Applied to Document Recognition",
// Proceedings of the IEEE 86 (1998), with ReLU and maxima in place of sigmoids and means.

import Datasets
import Hypertower

struct LeNet: Module {
  var conv1 = Conv2D(1, 6, size: 5, padding: 2)
  var conv2 = Conv2D(6, 16, size: 5)
  var pool = MaxPool2D(2)
  var dense1 = Linear(16 * 5 * 5, 120)
  var dense2 = Linear(120, 84)
  var output = Linear(84, 10)

  func callAsFunction(_ x: Tensor) -> Tensor {  // [batch, 1, 28, 28] → [batch, 10]
    let features = pool(conv2(pool(conv1(x).relu())).relu())
    return output(dense2(dense1(Flatten()(features)).relu()).relu())
  }
}

guard let steps = Int(CommandLine.arguments.dropFirst().first ?? "600"), steps >= 0 else {
  throw InputError(.usage, "usage: LeNet [STEPS], a number of 0 or more")
}

let mnist = try MNIST.embedded()
let trainer = try Trainer(
  LeNet(), loss: .crossEntropy, sampleShape: [1, 28, 28], optimizer: Adam() / Kesten(),
  firstStep: 1e-3, average: .polynomial, on: try Device.preferred(), seed: 1)

let before = try trainer.evaluate(on: mnist.test!)
try trainer.train(on: mnist.train, batchSize: 100, steps: steps)
let after = try trainer.evaluate(on: mnist.test!)
print("test loss before: \(before.loss)")
print("test loss after:  \(after.loss)")
print("test accuracy: \(before.accuracyPercent!) % → \(after.accuracyPercent!) %")
print("what the tower has learned: \(try trainer.tower)")
