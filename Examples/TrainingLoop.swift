// A training loop by hand: swift run -c release TrainingLoop [STEPS]
//
// What `Trainer` does for `SGD(0.01) / SGD(0.01)`, written out: the loss, its gradients, the hypergradient of the step
// size, and both steps are tensors of one tape, which is compiled once and replayed.

import Datasets
import Hypertower

struct MLP: Module {
  var hidden = Linear(784, 128)
  var output = Linear(128, 10)

  func callAsFunction(_ x: Tensor) -> Tensor {  // [batch, 784] → [batch, 10]
    output(hidden(x).tanh()).tanh().logSoftmax()
  }
}

guard let steps = Int(CommandLine.arguments.dropFirst().first ?? "240"), steps >= 0 else {
  throw InputError(.usage, "usage: TrainingLoop [STEPS], a number of 0 or more")
}

let batchSize = 250
let model = MLP()
let x = Tensor.input("x", shape: [batchSize, 784])
let labels = Tensor.input("labels", shape: [batchSize])
let loss = Loss.negativeLogLikelihood(model(x), labels)

let weights = model.parameters.map(\.tensor)
let slopes = gradients(of: loss, withRespectTo: weights)

// Level 1. The last step was weights = earlier weights − alpha · earlier slopes, so the loss changes with alpha by
// −Σ slope · earlier slope.
let alpha = Tensor.state(shape: [], initial: 0.01)
let earlier = weights.map { Tensor.state(shape: $0.shape, initial: 0) }
let hypergradient = zip(slopes, earlier).reduce(Tensor.constant(0)) { $0 - ($1.0 * $1.1).sum() }
let nextAlpha = alpha - 0.01 * hypergradient

// Level 0 moves with the step size of now.
var updates = zip(weights, slopes).map { (variable: $0, value: $0 - nextAlpha * $1) }
updates += zip(earlier, slopes).map { (variable: $0, value: $1) }
updates.append((variable: alpha, value: nextAlpha))

let mnist = try MNIST.embedded()
let device = try Device.preferred()
let step = try TensorProgram(
  [loss, alpha], of: [x, labels], updating: updates, on: device, seed: 42)
let evaluation = try TensorProgram([loss], of: [x, labels], on: device)

/// The inputs of the program for batch number `number`, in file order.
func batch(_ number: Int, of data: Dataset) -> [[Float]] {
  guard case .classes(let classes, _) = data.targets else { fatalError("MNIST has classes") }
  let start = number * batchSize % data.count
  let rows = start..<start + batchSize
  return [data.features(of: rows), classes[rows].map(Float.init)]
}

/// The mean loss with the weights of now.
@MainActor func testLoss() throws -> Double {
  for weight in weights { try evaluation.set(weight, to: step.values(of: weight)) }
  let data = mnist.test!
  let losses = try (0..<data.count / batchSize).map { number in
    Double(try evaluation(batch(number, of: data))[0][0])
  }
  return losses.reduce(0, +) / Double(losses.count)
}

print("test loss before: \(try testLoss())")
for number in 0..<steps {
  let results = try step(batch(number, of: mnist.train))
  if number % 60 == 59 {
    print("step \(number + 1): loss \(results[0][0]), alpha \(results[1][0])")
  }
}
print("test loss after:  \(try testLoss())")
print("what the tower has learned: alpha \(try step.values(of: alpha)[0])")
