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
    let windows = reshaped([shape[0], groups, weight.shape[1]] + shape.dropFirst(2)).windows(
      axes: Array(3..<3 + axes), sizes: sizes, strides: strides,
      padding: padding.map { $0.map { ($0, $0) } }, dilations: dilations)
    let places = Shape(windows.shape[3..<3 + axes])
    // [batch, group, in, places…, size…] → [group, batch · places, in · size]
    let rows = windows.transposed(
      [1, 0] + Array(3..<3 + axes) + [2] + Array(3 + axes..<3 + 2 * axes)
    )
    .reshaped([
      groups, shape[0] * places.elementCount, weight.shape[1] * sizes.elementCount,
    ])
    let columns = weight.reshaped([groups, weight.shape[0] / groups, rows.shape[2]])
    var products = rows.grouped(columns, transposeRight: true)
    if let bias {
      products =
        products
        + bias.reshaped((groups == 1 ? [] : [groups, 1]) + [weight.shape[0] / groups])
    }
    return
      products
      .reshaped([groups, shape[0]] + places + [columns.shape[1]])
      .transposed([1, 0, 2 + axes] + Array(2..<2 + axes))
      .reshaped([shape[0], weight.shape[0]] + places)
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
    let (channels, outputs) = (shape[1] / groups, weight.shape[1])
    // [batch, group, in, places…] → [group, batch · places, in]
    let rows = reshaped([shape[0], groups, channels] + places)
      .transposed([1, 0] + Array(3..<3 + axes) + [2])
      .reshaped([groups, shape[0] * places.elementCount, channels])
    let columns = weight.reshaped([groups, channels, outputs * sizes.elementCount])
    // As the cotangent of windows: [batch, group · out, places…, size…]
    let windows = rows.grouped(columns)
      .reshaped([groups, shape[0]] + places + [outputs] + sizes)
      .transposed([1, 0, 2 + axes] + Array(2..<2 + axes) + Array(3 + axes..<3 + 2 * axes))
      .reshaped([shape[0], groups * outputs] + places + sizes)
    return windows.adjoint(
      of: .windows(
        Array(2..<2 + axes), rank: 2 + axes, starts: padding.map { -$0 }, strides: strides,
        dilations: dilations, outside: 0), tensorShape: [shape[0], groups * outputs] + extents)
  }

  /// `[groups, m, k] · [groups, k, n] → [groups, m, n]`; of one group as a product of two matrices.
  private func grouped(_ other: Tensor, transposeRight: Bool = false) -> Tensor {
    guard shape[0] == 1 else { return matmul(other, transposeRight: transposeRight) }
    return reshaped(Shape(shape.dropFirst()))
      .matmul(other.reshaped(Shape(other.shape.dropFirst())), transposeRight: transposeRight)
  }
}
