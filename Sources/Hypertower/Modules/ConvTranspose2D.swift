/// A transposed convolution over images: `[batch, in, rows, columns] → [batch, out, height, width]`; see
/// `Tensor.transposedConvolution`.
///
/// The height is (rows − 1) · stride − 2 · padding + dilation · (size − 1) + outputPadding + 1, and likewise the
/// width.
public struct ConvTranspose2D: Module {
  /// `[in, out / groups, size, size]`, drawn uniformly from ±1/√(out / groups · size²), as in PyTorch.
  public let weight: Tensor
  /// `[out]`, drawn from the same range.
  public let bias: Tensor?
  public let stride: Int
  public let padding: Int
  public let outputPadding: Int
  public let dilation: Int
  public let groups: Int

  /// A layer with fresh parameters.
  ///
  /// - Parameters:
  ///   - inputs: the number of channels before the layer.
  ///   - outputs: the number after it.
  ///   - size: the height and the width of what an element adds to.
  ///   - stride: the distance of what neighbouring elements add to; default: 1.
  ///   - padding: how many rows and columns are left out on all sides; default: none.
  ///   - outputPadding: how many rows and columns there are more at the end; default: none.
  ///   - dilation: the distance of neighbouring weights; default: 1.
  ///   - groups: parts of the channels that do not mix; default: 1.
  ///   - bias: whether a number for each output channel is added; default: true.
  public init(
    _ inputs: Int, _ outputs: Int, size: Int, stride: Int = 1, padding: Int = 0,
    outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true
  ) {
    requireConvolution("ConvTranspose2D", inputs, outputs, size, stride, padding, dilation, groups)
    let fanIn = outputs / groups * size * size
    weight = .parameter(
      shape: [inputs, outputs / groups, size, size], initializer: .kaimingUniform(fanIn: fanIn))
    self.bias =
      bias ? .parameter(shape: [outputs], initializer: .kaimingUniform(fanIn: fanIn)) : nil
    (self.stride, self.padding, self.outputPadding) = (stride, padding, outputPadding)
    (self.dilation, self.groups) = (dilation, groups)
  }

  /// As in PyTorch; in MLX's files the weight is `[out, size, size, in]`, of one group.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    [TensorPlacement("weight", weight, axes: layout == .mlx ? [1, 2, 3, 0] : nil)]
      + (bias.map { [TensorPlacement("bias", $0)] } ?? [])
  }

  /// `[batch, in, rows, columns] → [batch, out, height, width]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let result = x.transposedConvolution(
      weight, strides: [stride, stride], padding: [padding, padding],
      outputPadding: [outputPadding, outputPadding], dilations: [dilation, dilation],
      groups: groups)
    return bias.map { result + $0.reshaped([$0.shape[0], 1, 1]) } ?? result
  }
}
