/// A convolutional network for images: two blocks of convolution, ReLU and 2 × 2 max pooling, then a dense layer,
/// `[batch, channels, height, width] → [batch, classes]`, logits.
public struct CNN: Module {
  /// The image's channels → 16 or as given, with windows of 5 × 5 or as given.
  public let conv1: Conv2D
  /// Those → 32 or as given, with the same windows.
  public let conv2: Conv2D
  /// All channels of what is left of the image → classes.
  public let fc: Linear
  private let pool = MaxPool2D(2)

  /// - Parameters:
  ///   - image: the shape of an image, `[channels, height, width]`.
  ///   - classes: the number of classes.
  ///   - channels: the number of each convolution's outputs; default: 16 and 32.
  ///   - kernel: the side of their windows; default: 5.
  public init(
    image: Shape, classes: Int, channels: (Int, Int) = (16, 32), kernel: Int = 5
  ) {
    require(image.count == 3, "CNN: an image is [channels, height, width], not \(image)")
    conv1 = Conv2D(image[0], channels.0, size: kernel)
    conv2 = Conv2D(channels.0, channels.1, size: kernel)
    let rest = image.dropFirst().map { (($0 - kernel + 1) / 2 - kernel + 1) / 2 }
    require(
      rest.allSatisfy { $0 > 0 }, "CNN: images of \(image) are too small for windows of \(kernel)")
    fc = Linear(channels.1 * rest[0] * rest[1], classes)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let features = pool(conv2(pool(conv1(x).relu())).relu())
    return fc(Flatten()(features))
  }
}
