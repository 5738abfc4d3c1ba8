/// A convolutional network for images: two blocks of convolution, ReLU and 2 × 2 max pooling, then a dense layer,
/// `[batch, channels, height, width] → [batch, classes]`, logits.
public struct CNN: Module {
  public let conv1: Conv2D
  public let conv2: Conv2D
  public let fc: Linear
  private let pool = MaxPool2D(2)
  /// The shape of what the dense layer takes, `[channels, height, width]`.
  private let features: Shape

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
    features = [channels.1] + rest
    fc = Linear(features.elementCount, classes)
  }

  /// Under the layers' names; in MLX's files the dense layer takes the channels last, as they are there.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    let fcWeight =
      switch layout {
      case .pytorch: TensorPlacement("weight", fc.weight)
      case .mlx:
        TensorPlacement(
          "weight", fc.weight, axes: [0, 2, 3, 1], seenAs: [fc.weight.shape[0]] + features)
      }
    return conv1.placements(in: layout).within("conv1")
      + conv2.placements(in: layout).within("conv2")
      + [fcWeight, TensorPlacement("bias", fc.bias!)].within("fc")
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let features = pool(conv2(pool(conv1(x).relu())).relu())
    return fc(Flatten()(features))
  }
}
