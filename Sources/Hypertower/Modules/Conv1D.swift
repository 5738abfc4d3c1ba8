/// A convolution over sequences: `[batch, in, length] → [batch, out, places]`; see `Tensor.convolution`.
///
/// There are ⌊(length + 2 · padding − dilation · (size − 1) − 1) / stride⌋ + 1 places.
public struct Conv1D: Module {
  /// `[out, in / groups, size]`, drawn uniformly from ±1/√(in / groups · size), as in PyTorch.
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
  ///   - size: the number of elements of a window.
  ///   - stride: the distance of neighbouring windows; default: 1.
  ///   - padding: how many zeros there are on both sides; default: none.
  ///   - dilation: the distance of neighbours in a window; default: 1.
  ///   - groups: parts of the channels that do not mix; default: 1.
  ///   - bias: whether a number for each output channel is added; default: true.
  public init(
    _ inputs: Int, _ outputs: Int, size: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true
  ) {
    requireConvolution("Conv1D", inputs, outputs, size, stride, padding, dilation, groups)
    let fanIn = inputs / groups * size
    weight = .parameter(
      shape: [outputs, inputs / groups, size], initializer: .kaimingUniform(fanIn: fanIn))
    self.bias =
      bias ? .parameter(shape: [outputs], initializer: .kaimingUniform(fanIn: fanIn)) : nil
    (self.stride, self.padding, self.dilation, self.groups) = (stride, padding, dilation, groups)
  }

  /// As in PyTorch; in MLX's files the weight has its channels last.
  public func placements(in layout: WeightLayout) -> [TensorPlacement] {
    [TensorPlacement("weight", weight, axes: layout == .mlx ? [0, 2, 1] : nil)]
      + (bias.map { [TensorPlacement("bias", $0)] } ?? [])
  }

  /// `[batch, in, length] → [batch, out, places]`
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.convolution(
      weight, bias: bias, strides: [stride], padding: [padding], dilations: [dilation],
      groups: groups)
  }
}

/// Stops the program unless a layer called `name` can be made from these numbers.
func requireConvolution(
  _ name: String, _ inputs: Int, _ outputs: Int, _ size: Int, _ stride: Int, _ padding: Int,
  _ dilation: Int, _ groups: Int
) {
  require(
    [inputs, outputs, size, stride, dilation, groups].allSatisfy { $0 > 0 } && padding >= 0
      && inputs % groups == 0 && outputs % groups == 0,
    "\(name): \(inputs) inputs, \(outputs) outputs, size \(size), stride \(stride), padding \(padding), "
      + "dilation \(dilation), \(groups) groups")
}
