/// A residual network for small images, `[batch, channels, height, width] → [batch, classes]`, logits: a
/// convolution and three stages of blocks of two convolutions each, of 16, 32 and 64 channels, with batch
/// normalization; then the mean over all places and a dense layer.
///
/// With three blocks a stage it is ResNet-20 of K. He et al., "Deep Residual Learning for Image Recognition",
/// CVPR 2016, arXiv 1512.03385, §4.2, with shortcuts without parameters.
public struct ResNet: Module {
  /// channels → 16, with windows of 3 × 3.
  public let conv: Conv2D
  /// What normalizes its result.
  public let norm: BatchNorm
  /// The blocks of all stages, first to last.
  public let blocks: [Block]
  /// 64 → classes.
  public let fc: Linear

  /// Two convolutions whose result is added to their input.
  public struct Block: Module {
    /// The first convolution, which halves the image where a stage begins.
    public let conv1: Conv2D
    /// What normalizes its result.
    public let norm1: BatchNorm
    /// The second convolution.
    public let conv2: Conv2D
    /// What normalizes its result.
    public let norm2: BatchNorm

    init(_ inputs: Int, _ outputs: Int, stride: Int) {
      conv1 = Conv2D(inputs, outputs, size: 3, stride: stride, padding: 1, bias: false)
      norm1 = BatchNorm(outputs)
      conv2 = Conv2D(outputs, outputs, size: 3, padding: 1, bias: false)
      norm2 = BatchNorm(outputs)
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
      let inner = norm1(conv1(x), in: context).relu()
      let change = norm2(conv2(inner), in: context)
      // Where a block halves the image, every second place, and zeros for the channels that are new.
      var shortcut = x
      for axis in [2, 3] {
        shortcut = shortcut.sliced(0..<x.shape[axis], axis: axis, step: conv1.stride)
      }
      shortcut = shortcut.padded(before: 0, after: change.shape[1] - x.shape[1], axis: 1)
      return (shortcut + change).relu()
    }
  }

  /// - Parameters:
  ///   - image: the shape of an image, `[channels, height, width]`.
  ///   - classes: the number of classes.
  ///   - blocksPerStage: default: 3, which makes 20 layers.
  ///   - width: the number of channels of the first stage, doubled in each further one; default: 16.
  public init(image: Shape, classes: Int, blocksPerStage: Int = 3, width: Int = 16) {
    require(image.count == 3, "ResNet: an image is [channels, height, width], not \(image)")
    conv = Conv2D(image[0], width, size: 3, padding: 1, bias: false)
    norm = BatchNorm(width)
    blocks = (0..<3).flatMap { stage in
      (0..<blocksPerStage).map { number in
        let outputs = width << stage
        let isFirst = number == 0 && stage > 0
        return Block(isFirst ? outputs / 2 : outputs, outputs, stride: isFirst ? 2 : 1)
      }
    }
    fc = Linear(width << 2, classes)
  }

  public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
    let start = norm(conv(x), in: context).relu()
    let features = blocks.reduce(start) { $1($0, in: context) }
    return fc(features.mean([2, 3]))
  }
}
