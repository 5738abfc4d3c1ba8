// A variational autoencoder that draws digits: swift run -c release VAE [STEPS]
//
// After D. Kingma and M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014: the encoder makes a normal distribution
// of an image, the decoder an image of a sample from it, and the loss keeps these distributions near the standard one.

import Datasets
import Hypertower

struct VAE: Module {
  /// The number of elements of a code.
  static let width = 8

  var encoder = Sequential(Linear(784, 256), Activation.relu, Linear(256, 2 * width))
  var decoder = Sequential(Linear(width, 256), Activation.relu, Linear(256, 784))

  /// `[batch, 784] → [batch, 784 + 2 · width]`: the pixels as logits, then the code's mean and log-variance, which the
  /// loss needs.
  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    let distribution = encoder(x)
    let parts = distribution.split([Self.width, Self.width], axis: 1)
    let (mean, logVariance) = (parts[0], parts[1])
    let code =
      context.isTraining ? mean + (0.5 * logVariance).exp() * context.normal(mean.shape) : mean
    return .concatenated([decoder(code), distribution], axis: 1)
  }

  /// Minus the evidence lower bound, in nats an image: the pixels' cross-entropy, and the divergence of the code's
  /// distribution from the standard normal one.
  static let loss = Loss("negative evidence lower bound") { outputs, pixels in
    let parts = outputs.split([784, width, width], axis: 1)
    let (logits, mean, logVariance) = (parts[0], parts[1], parts[2])
    let divergence = 0.5 * (mean * mean + logVariance.exp() - 1 - logVariance).sum([1]).mean()
    return 784 * logits.binaryCrossEntropy(pixels) + divergence
  }
}

guard let steps = Int(CommandLine.arguments.dropFirst().first ?? "2000"), steps >= 0 else {
  throw InputError(.usage, "usage: VAE [STEPS], a number of 0 or more")
}

let mnist = try MNIST.embedded()
let train = mnist.train.subset(0..<20_000).withFeaturesAsTargets()
let test = mnist.test!.subset(0..<2000).withFeaturesAsTargets()
let model = VAE()
let trainer = try Trainer(
  model, loss: VAE.loss, optimizer: Adam() / Kesten(), firstStep: 1e-3, average: .polynomial,
  on: try Device.preferred(), seed: 1)

print("test loss before: \(try trainer.loss(on: test))")
try trainer.train(on: train, batchSize: 100, steps: steps)
print("test loss after:  \(try trainer.loss(on: test))")

// From the code of one image to that of another in four steps, through the decoder alone.
let distributions = try trainer.outputs(
  of: model.encoder, for: test.features(of: 0..<2), sampleShape: [784])
let first = distributions[..<VAE.width]
let second = distributions[2 * VAE.width..<3 * VAE.width]
let codes = [0, 0.25, 0.5, 0.75, 1].flatMap { share -> [Float] in
  zip(first, second).map { Float((1 - share) * $0 + share * $1) }
}
let logits = try trainer.outputs(of: model.decoder, for: codes, sampleShape: [VAE.width])
// Every second row, since characters are taller than wide.
for row in stride(from: 0, to: 28, by: 2) {
  let places = (0...4).flatMap { image in (0..<28).map { 784 * image + 28 * row + $0 } }
  print(String(places.map { logits[$0] > 0 ? "#" : " " }))
}
print("what the tower has learned: \(try trainer.tower)")
