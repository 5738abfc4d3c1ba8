// A U-Net that takes noise out of images: swift run -c release UNet [STEPS]
//
// After O. Ronneberger, P. Fischer and T. Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
// MICCAI 2015: convolutions halve the image twice, transposed ones double it again, and what was there before each
// halving is concatenated to what comes back.

import Datasets
import Hypertower

struct UNet: Module {
  static let noise = 0.5

  var enter = Conv2D(1, 8, size: 3, padding: 1)
  var down1 = Conv2D(8, 16, size: 3, stride: 2, padding: 1)
  var down2 = Conv2D(16, 32, size: 3, stride: 2, padding: 1)
  var up1 = ConvTranspose2D(32, 16, size: 2, stride: 2, bias: false)
  var merge = Conv2D(32, 16, size: 3, padding: 1)
  var up2 = ConvTranspose2D(16, 8, size: 2, stride: 2, bias: false)
  var leave = Conv2D(16, 1, size: 3, padding: 1)

  /// `[batch, 1, 28, 28] → [batch, 784]`
  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    // In training every image gets new noise in every step; images to restore have theirs already.
    let x = context.isTraining ? x + .constant(Self.noise) * context.normal(x.shape) : x
    let whole = enter(x).relu()  // [batch, 8, 28, 28]
    let half = down1(whole).relu()  // [batch, 16, 14, 14]
    let quarter = down2(half).relu()  // [batch, 32, 7, 7]
    let back = merge(.concatenated([up1(quarter), half], axis: 1)).relu()  // [batch, 16, 14, 14]
    return Flatten()(leave(.concatenated([up2(back), whole], axis: 1)))
  }
}

/// Random numbers that are the same in every run.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Images with noise as the features and without it as the targets.
func noisy(_ images: Dataset) -> Dataset {
  var random = SplitMix64(state: 1)
  let pixels = images.features(of: 0..<images.count)
  let features = pixels.map { pixel in
    // The sum of twelve uniform numbers is almost normal, with variance 1.
    pixel + Float(UNet.noise)
      * (0..<12).reduce(-6) { sum, _ in sum + .random(in: 0..<1, using: &random) }
  }
  return Dataset(
    count: images.count, featureCount: images.featureCount, features: .floats(features),
    targets: .values(pixels, width: images.featureCount))
}

/// An image of 28 × 28 pixels as lines of characters.
func picture(_ pixels: some Collection<Double>) -> [String] {
  let shades = Array(" .:-=+*#%@")
  let characters = pixels.map { shades[Int(9 * min(max($0, 0), 1))] }
  return stride(from: 0, to: 784, by: 28).map { String(characters[$0..<$0 + 28]) }
}

guard let steps = Int(CommandLine.arguments.dropFirst().first ?? "400"), steps >= 0 else {
  throw InputError(.usage, "usage: UNet [STEPS], a number of 0 or more")
}

let mnist = try MNIST.embedded()
let train = mnist.train.subset(0..<10_000).withFeaturesAsTargets()
let test = noisy(mnist.test!.subset(0..<500))
let trainer = try Trainer(
  UNet(), loss: .meanSquaredError, sampleShape: [1, 28, 28], optimizer: Adam() / Kesten(),
  firstStep: 1e-3, average: .polynomial, on: try Device.preferred(), seed: 1)

print("test loss before: \(try trainer.loss(on: test))")
try trainer.train(on: train, batchSize: 50, steps: steps)
print("test loss after:  \(try trainer.loss(on: test))")
print(
  "The noise itself, mean squared: \(UNet.noise * UNet.noise). With noise, and what is made of it:")
let image = test.features(of: 0..<1)
for (left, right) in zip(picture(image.map(Double.init)), picture(try trainer.outputs(for: image)))
{
  print(left + " | " + right)
}
print("what the tower has learned: \(try trainer.tower)")
