/// Convolutions over the last axes, as neural networks define them: the weights are not flipped.
extension Tensor {
  /// The convolution with `weight` over all axes after the second:
  /// `[batch, in, n…] · [out, in / groups, size…] → [batch, out, places…]`.
  ///
  /// Along an axis there are ⌊(n + 2 · padding − dilation · (size − 1) − 1) / stride⌋ + 1 places. All windows are
  /// rows of one matrix product for each group.
  ///
  /// - Parameters:
  ///   - weight: output channel i belongs to group i / (out / groups).
  ///   - bias: what is added to each output channel, `[out]`; default: nothing.
  ///   - strides: the distances of neighbouring windows, one for each axis; default: 1.
  ///   - padding: how many zeros there are on both sides, likewise; default: none.
  ///   - dilations: the distances of neighbours in a window, likewise; default: 1.
  ///   - groups: parts of the channels that do not mix; default: 1.
  public func convolution(
    _ weight: Tensor, bias: Tensor? = nil, strides: [Int]? = nil, padding: [Int]? = nil,
    dilations: [Int]? = nil,
    groups: Int = 1
  ) -> Tensor {
    let axes = shape.count - 2
    require(
      axes >= 1 && weight.shape.count == shape.count && groups > 0
        && shape[1] == weight.shape[1] * groups && weight.shape[0] % groups == 0,
      "convolution: \(shape) · \(weight.shape) with \(groups) groups: they must be [batch, in, n…] and "
        + "[out, in / groups, size…]")
    require(
      bias.map { $0.shape == [weight.shape[0]] } ?? true,
      "convolution: \(shape) · \(weight.shape) with a bias \(bias!.shape): it must be [out]")
    let sizes = Shape(weight.shape.dropFirst(2))
    let ones = sizes.map { _ in 1 }
    let (strides, padding) = (strides ?? ones, padding ?? sizes.map { _ in 0 })
    let dilations = dilations ?? ones
    require(
      [strides, padding, dilations].allSatisfy { $0.count == axes }
        && (strides + dilations + sizes).allSatisfy { $0 > 0 },
      "convolution: sizes \(sizes), strides \(strides), padding \(padding) and dilations \(dilations): there "
        + "must be one for each of \(axes) axes, and none but padding be 0")
    let places = sizes.indices.map { axis in
      let room = shape[axis + 2] + 2 * padding[axis]
      let reach = dilations[axis] * (sizes[axis] - 1) + 1
      require(
        room >= reach,
        "convolution: \(shape) · \(weight.shape): windows of \(reach) elements do not fit into axis "
          + "\(axis + 2) with padding \(padding[axis])")
      return (room - reach) / strides[axis] + 1
    }
    let convolution = Convolution(
      strides: strides, padding: padding, dilations: dilations, groups: groups, extents: places)
    let result = convolution(self, weight)
    return bias.map { result + $0.reshaped([$0.shape[0]] + sizes.map { _ in 1 }) } ?? result
  }

  /// What `convolution` with the same weight sends back to its input:
  /// `[batch, in, places…] · [in, out / groups, size…] → [batch, out, n…]`.
  ///
  /// n is (places − 1) · stride − 2 · padding + dilation · (size − 1) + outputPadding + 1.
  ///
  /// - Parameters:
  ///   - weight: input channel i belongs to group i / (in / groups).
  ///   - strides: the distances of what neighbouring elements add to, one for each axis; default: 1.
  ///   - padding: how many elements are left out on both sides, likewise; default: none.
  ///   - outputPadding: how many elements there are more at the end, likewise; default: none.
  ///   - dilations: the distances of neighbouring weights, likewise; default: 1.
  ///   - groups: parts of the channels that do not mix; default: 1.
  public func transposedConvolution(
    _ weight: Tensor, strides: [Int]? = nil, padding: [Int]? = nil, outputPadding: [Int]? = nil,
    dilations: [Int]? = nil, groups: Int = 1
  ) -> Tensor {
    let axes = shape.count - 2
    require(
      axes >= 1 && weight.shape.count == shape.count && groups > 0
        && shape[1] == weight.shape[0] && weight.shape[0] % groups == 0,
      "transposedConvolution: \(shape) · \(weight.shape) with \(groups) groups: they must be "
        + "[batch, in, n…] and [in, out / groups, size…]")
    let sizes = Shape(weight.shape.dropFirst(2))
    let places = Shape(shape.dropFirst(2))
    let ones = [Int](repeating: 1, count: axes)
    let zeros = [Int](repeating: 0, count: axes)
    let (strides, dilations) = (strides ?? ones, dilations ?? ones)
    let (padding, outputPadding) = (padding ?? zeros, outputPadding ?? zeros)
    require(
      [strides, dilations, padding, outputPadding].allSatisfy { $0.count == axes }
        && (strides + dilations).allSatisfy { $0 > 0 }
        && zip(outputPadding, zip(strides, dilations)).allSatisfy {
          (0..<Swift.max($1.0, $1.1)).contains($0)
        },
      "transposedConvolution: strides \(strides), padding \(padding), outputPadding \(outputPadding) and "
        + "dilations \(dilations): there must be one for each of \(axes) axes, outputPadding less than "
        + "stride or dilation")
    let extents = (0..<axes).map { (axis: Int) -> Int in
      let reach: Int = dilations[axis] * (sizes[axis] - 1) + 1
      return (places[axis] - 1) * strides[axis] - 2 * padding[axis] + reach + outputPadding[axis]
    }
    require(
      extents.allSatisfy { $0 > 0 },
      "transposedConvolution: \(shape) · \(weight.shape) with padding \(padding) leaves \(extents)")
    let convolution = Convolution(
      isTransposed: true, strides: strides, padding: padding, dilations: dilations, groups: groups,
      extents: extents)
    return convolution(self, weight)
  }
}
