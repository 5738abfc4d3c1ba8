import Hypertower

/// What is done to samples in training, as `--augment` lists it: `shift=2,flip,crop=0.8,noise=0.05`.
struct Augmentation: Equatable {
  /// A change, with its amount.
  enum Step: Equatable {
    /// By so many pixels at most.
    case shift(Int)
    /// With this probability.
    case flip(Double)
    /// To this share of the sides at least.
    case crop(Double)
    /// With this standard deviation.
    case noise(Double)

    var module: any Module {
      switch self {
      case .shift(let most): RandomShift(most)
      case .flip(let probability): RandomFlip(probability)
      case .crop(let least): RandomCrop(least)
      case .noise(let deviation): GaussianNoise(deviation)
      }
    }

    /// Whether it is one of images.
    var isOfImages: Bool {
      switch self {
      case .shift, .flip, .crop: true
      case .noise: false
      }
    }
  }

  /// In the order in which they are done.
  let steps: [Step]

  static let help = "shift=PIXELS, flip=PROBABILITY, crop=LEAST_SHARE and noise=DEVIATION"

  /// - Throws: `Failure(.usage)` that names the part at fault.
  init(_ text: String) throws {
    steps = try text.split(separator: ",", omittingEmptySubsequences: false).map(Self.step)
  }

  private static func step(_ text: Substring) throws -> Step {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    func amount(_ standard: Double, _ range: ClosedRange<Double>) throws -> Double {
      guard parts.count == 2 else { return standard }
      guard let amount = Double(parts[1]), range.contains(amount) else {
        throw Failure(
          .usage,
          "--augment: '\(text)' is out of range: the amount must lie in \(range.lowerBound)...\(range.upperBound)"
        )
      }
      return amount
    }
    switch parts[0].trimmed {
    case "shift":
      let amount = try amount(2, 1...1000)
      guard amount == amount.rounded() else {
        throw Failure(
          .usage, "--augment: '\(text)' is no whole number of pixels: give one, as in shift=2")
      }
      return .shift(Int(amount))
    case "flip": return .flip(try amount(0.5, 0.001...1))
    case "crop": return .crop(try amount(0.8, 0.01...0.999))
    case "noise": return .noise(try amount(0.05, 1e-6...1000))
    default:
      throw Failure(.usage, "--augment: '\(text)' is not known; known are \(help)")
    }
  }
}

/// A model whose inputs are changed in training first; its parameters and states are the model's.
struct AugmentedModel: Module {
  let model: any Module
  let augmentation: Augmentation
  /// `[channels, height, width]`; nil: the samples are no images.
  let imageShape: Shape?

  var parameters: [(name: String, tensor: Tensor)] { model.parameters }
  var states: [(name: String, tensor: Tensor)] { model.states }

  func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    guard context.isTraining else { return model(x, in: context) }
    let images = imageShape.map { x.reshaped([x.shape[0]] + $0) } ?? x
    let changed = augmentation.steps.reduce(images) { $1.module($0, in: context) }
    return model(changed.reshaped(x.shape), in: context)
  }
}

extension NetworkDescription.Network {
  /// The network with samples that are changed in training.
  ///
  /// - Parameter shape: of a sample as the data have it.
  /// - Throws: `Failure(.usage)` for changes of images where the samples are none.
  func augmented(by augmentation: Augmentation?, shape: [Int]?) throws -> Self {
    guard let augmentation else { return self }
    guard let shape else {
      throw Failure(.usage, "--augment is for images and numbers, not for texts: leave it out")
    }
    let isImage = shape.count == 2 || shape.count == 3
    guard isImage || !augmentation.steps.contains(where: \.isOfImages) else {
      throw Failure(
        .usage,
        "--augment: samples of \(shape) are no images of a height and a width: only noise is for them"
      )
    }
    return Self(
      module: AugmentedModel(
        model: module, augmentation: augmentation,
        imageShape: isImage ? (shape.count == 2 ? [1] + shape : shape) : nil),
      loss: loss, sampleShape: sampleShape)
  }
}
