/// A convolution over images: `[batch, in, height, width] → [batch, out, rows, columns]`; see
/// `Tensor.convolution`.
///
/// There are ⌊(height + 2 · padding − dilation · (size − 1) − 1) / stride⌋ + 1 rows, and likewise columns.
public struct Conv2D: Module {
  /// `[out, in / groups, size, size]`, drawn uniformly from ±1/√(in / groups · size²), as in PyTorch.
  public let weight: Tensor
  /// `[out]`, drawn from the same range.
  public let bias: Tensor?
  public let stride: Int
  public let padding: Int
  public let dilation: Int
  public let groups: Int

  /// A layer with fresh parameters.
  ///
  /// - Parameters:
  ///   - inputs: the number of channels before the layer.
  ///   - outputs: the number after it.
  ///   - size: the height and the width of a window; other windows are a matter for `Tensor.convolution`.
  ///   - stride: the distance of neighbouring windows; default: 1.
  ///   - padding: how many zeros there are on all sides; default: none.
  ///   - dilation: the distance of neighbours in a window; default: 1.
  ///   - groups: parts of the channels that do not mix; default: 1.
  ///   - bias: whether a number for each output channel is added; default: true.
  public init(
    _ inputs: Int, _ outputs: Int, size: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true
  ) {
    requireConvolution("Conv2D", inputs, outputs, size, stride, padding, dilation, groups)
    let fanIn = inputs / groups * size * size
    weight = .parameter(
      shape: [outputs, inputs / groups, size, size], initializer: .kaimingUniform(fanIn: fanIn))
    self.bias =
      bias ? .parameter(shape: [outputs], initializer: .kaimingUniform(fanIn: fanIn)) : nil
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// As in PyTorch; in MLX's files the weight has its channels last.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    [TensorPlacement("weight", weight, axes: layout == .mlx ? [0, 2, 3, 1] : nil)]
      + (bias.map { [TensorPlacement("bias", $0)] } ?? [])
  }

  /// `[batch, in, height, width] → [batch, out, rows, columns]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.convolution(
      weight, bias: bias, strides: [stride, stride], padding: [padding, padding],
      dilations: [dilation, dilation], groups: groups)
  }
}
