import Glibc
import Hypertower
import Testing

/// Modules that change images in training.
@Suite struct AugmentationTests {
  private static let (channels, height, width) = (2, 3, 4)
  private static let values = (0..<144).map { Float(($0 * 37) % 101) / 50 - 1 }
  private static let data = Dataset(
    count: 6, featureCount: 24, features: .floats(values),
    targets: .values([Float](repeating: 0, count: 6), width: 1))

  /// What a module makes of images, each element multiplied by its place from 1 on.
  private struct Probe: Module {
    let augmentation: any Module
    let weight = Tensor.parameter(shape: [1], initializer: .constant(1))

    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      let images = x.reshaped([x.shape[0], channels, height, width])
      let places = Tensor((1...24).map { Float($0) }, shape: [channels, height, width])
      return augmentation(images, in: context) * places + weight * 0
    }
  }

  private static let sum = Loss("sum") { outputs, _ in outputs.sum() }

  private func losses(_ module: any Module, on backend: TestBackend, steps: Int) throws -> [Double]
  {
    let trainer = try Trainer(
      Probe(augmentation: module), loss: Self.sum, sampleShape: [24], optimizer: SGD(0),
      on: backend.device(), seed: 9)
    var losses: [Double] = []
    try trainer.train(on: Self.data, batchSize: 2, steps: steps, shuffled: false) {
      losses += $0.map(\.loss)
    }
    // The images as they are, in evaluation: the mean of a batch's sums, of which there is one.
    let plain = Self.values.enumerated().reduce(0.0) {
      $0 + Double($1.element) * Double($1.offset % 24 + 1)
    }
    assertClose(
      [try trainer.loss(on: Self.data)], [plain], .relative(1e-5),
      "evaluation on \(backend.name)")
    return losses
  }

  /// Compares a module with a function of an image's pixel and random numbers.
  ///
  /// - Parameter pixel: from a sample's pixels, the numbers of the step by call and index, the number of the sample in the
  ///   batch, and a channel, row and column.
  private func check(
    _ module: any Module, on backend: TestBackend,
    _ pixel: (
      _ image: (Int, Int, Int) -> Double, _ random: (Int, Int) -> Double, _ sample: Int,
      _ place: (Int, Int, Int)
    ) -> Double
  ) throws {
    let generator = Philox(key: 9)
    let expected = (0..<5).map { step -> Double in
      func random(_ call: Int, _ index: Int) -> Double {
        let word = generator.block(
          UInt32(index), UInt32(step), UInt32(call), RandomNumber.purpose)[0]
        return Double(word >> 8) * 0x1p-24
      }
      var sum = 0.0
      for sample in 0..<2 {
        let start = (2 * step + sample) % 6 * 24
        func image(_ c: Int, _ y: Int, _ x: Int) -> Double {
          guard 0..<Self.height ~= y, 0..<Self.width ~= x else { return 0 }
          return Double(Self.values[start + (c * Self.height + y) * Self.width + x])
        }
        for element in 0..<24 {
          let (c, y, x) = (element / 12, element / 4 % 3, element % 4)
          sum += Double(element + 1) * pixel(image, random, sample, (c, y, x))
        }
      }
      return sum
    }
    assertClose(
      try losses(module, on: backend, steps: 5), expected, .relative(2e-4),
      "sums on \(backend.name)")
  }

  @Test(arguments: TestBackend.native)
  func shifts(_ backend: TestBackend) throws {
    try check(RandomShift(1), on: backend) { image, random, sample, place in
      let (dy, dx) = (Int(3 * random(0, sample)) - 1, Int(3 * random(1, sample)) - 1)
      return image(place.0, place.1 + dy, place.2 + dx)
    }
  }

  @Test(arguments: TestBackend.native)
  func flips(_ backend: TestBackend) throws {
    try check(RandomFlip(0.6), on: backend) { image, random, sample, place in
      image(place.0, place.1, random(0, sample) < 0.6 ? 3 - place.2 : place.2)
    }
  }

  @Test(arguments: TestBackend.native)
  func crops(_ backend: TestBackend) throws {
    try check(RandomCrop(0.5), on: backend) { image, random, sample, place in
      let share = 0.5 + 0.5 * random(0, sample)
      func source(_ call: Int, _ extent: Int, _ pixel: Int) -> (Int, Double) {
        let start = random(call, sample) * (1 - share) * Double(extent)
        let own = min(max(start + share * (Double(pixel) + 0.5) - 0.5, 0), Double(extent - 1))
        return (Int(own), own - own.rounded(.down))
      }
      let ((y, fy), (x, fx)) = (source(1, 3, place.1), source(2, 4, place.2))
      let c = place.0
      return (1 - fy) * ((1 - fx) * image(c, y, x) + fx * image(c, y, x + 1))
        + fy * ((1 - fx) * image(c, y + 1, x) + fx * image(c, y + 1, x + 1))
    }
  }

  @Test(arguments: TestBackend.native)
  func noise(_ backend: TestBackend) throws {
    try check(GaussianNoise(0.3), on: backend) { image, random, sample, place in
      let index = sample * 24 + place.0 * 12 + place.1 * 4 + place.2
      let radius = (-2 * log(1 - random(0, index))).squareRoot()
      return image(place.0, place.1, place.2) + 0.3 * radius * cos(2 * Double.pi * random(1, index))
    }
  }

  @Test func nothingToDoChangesNothing() throws {
    for module in [RandomShift(0), RandomFlip(0), RandomCrop(1), GaussianNoise(0)] as [any Module] {
      try check(module, on: TestBackend.native[0]) { image, _, _, place in
        image(place.0, place.1, place.2)
      }
    }
  }
}
