/// A convolution over the last axes, or what it sends back to its input, as a product whose rows are windows.
///
/// Windows have their channels last. The product's own gradients would be windows written down and summed; those of
/// a convolution are convolutions again, of the cotangent with the weights and of the input with the cotangent.
package struct Convolution: Hashable, Sendable {
  /// Whether the operand takes the place of results, and the result that of the input.
  package let isTransposed: Bool
  package let strides: [Int]
  package let padding: [Int]
  package let dilations: [Int]
  package let groups: Int
  /// The extents of the result along the convolved axes.
  package let extents: Shape

  init(
    isTransposed: Bool = false, strides: [Int], padding: [Int], dilations: [Int], groups: Int,
    extents: Shape
  ) {
    self.isTransposed = isTransposed
    (self.strides, self.padding, self.dilations) = (strides, padding, dilations)
    (self.groups, self.extents) = (groups, extents)
  }

  /// `[batch, in, n…] · [out, in / groups, size…] → [batch, out, extents…]`; transposed,
  /// `[batch, in, n…] · [in, out / groups, size…] → [batch, out, extents…]`.
  func callAsFunction(_ x: Tensor, _ weight: Tensor) -> Tensor {
    let result = isTransposed ? transposed(x, weight) : direct(x, weight)
    let symbol = x.recording(.convolution(self), with: [weight], shape: result.shape)
    return result.differentiated(as: symbol)
  }

  /// The cotangents of input and weights.
  func pullback(_ x: Tensor, _ weight: Tensor, cotangent: Tensor) -> [Tensor] {
    let back = Convolution(
      isTransposed: !isTransposed, strides: strides, padding: padding, dilations: dilations,
      groups: groups,
      extents: Shape(x.shape.dropFirst(2)))
    let sizes = Shape(weight.shape.dropFirst(2))
    return [
      back(cotangent, weight),
      isTransposed
        ? back.correlation(cotangent, x, sizes) : correlation(x, cotangent, sizes),
    ]
  }

  // MARK: Products

  private func direct(_ x: Tensor, _ weight: Tensor) -> Tensor {
    let sizes = Shape(weight.shape.dropFirst(2))
    let rows = rows(of: x, sizes)
    // [out, in / groups, size…] → [groups, out / groups, size… · in / groups]
    let columns = weight.channelsLast
      .reshaped([groups, weight.shape[0] / groups, rows.shape[2]])
    return rows.grouped(columns, transposeRight: true).places(extents, batch: x.shape[0])
  }

  private func transposed(_ x: Tensor, _ weight: Tensor) -> Tensor {
    let sizes = Shape(weight.shape.dropFirst(2))
    // Windows, of ends first, over results that lie as far apart as what they were made from.
    let axes = sizes.indices
    let reaches = axes.map { dilations[$0] * (sizes[$0] - 1) }
    let spread = x.spread(
      axes.map { reaches[$0] - padding[$0] }, strides: strides,
      extents: axes.map { extents[$0] + reaches[$0] })
    let ones = axes.map { _ in 1 }
    let rows = spread.windowRows(
      sizes, strides: ones, dilations: dilations, groups: groups, places: extents)
    // [in, out / groups, size…] → [groups, size… · in / groups, out / groups]
    let channels = (weight.shape[0] / groups, weight.shape[1])
    let flipped = axes.reduce(weight) { $0.flipped(axis: $1 + 2) }
    let columns =
      flipped
      .reshaped([groups, channels.0, channels.1] + sizes)
      .transposed([0] + axes.map { $0 + 3 } + [1, 2])
      .reshaped([groups, rows.shape[2], channels.1])
    return rows.grouped(columns).places(extents, batch: x.shape[0])
  }

  /// What a convolution of `x` sends back to its weights, `[out, in / groups, size…]`.
  private func correlation(_ x: Tensor, _ cotangent: Tensor, _ sizes: Shape) -> Tensor {
    let places = Shape(cotangent.shape.dropFirst(2))
    let rows = rows(of: x, sizes, places: places)
    let (inputs, outputs) = (x.shape[1] / groups, cotangent.shape[1] / groups)
    let axes = sizes.indices
    // [batch, groups · out, places…] → [groups, batch · places, out]
    let columns =
      cotangent
      .reshaped([x.shape[0], groups, outputs] + places)
      .transposed([1, 0] + axes.map { $0 + 3 } + [2])
      .reshaped([groups, rows.shape[1], outputs])
    return rows.grouped(columns, transposeLeft: true)
      .reshaped([groups] + sizes + [inputs, outputs])
      .transposed([0, sizes.count + 2, sizes.count + 1] + axes.map { $0 + 1 })
      .reshaped([groups * outputs, inputs] + sizes)
  }

  /// The windows of `x`, as `windowRows` says.
  private func rows(of x: Tensor, _ sizes: Shape, places: Shape? = nil) -> Tensor {
    let places = places ?? extents
    let axes = sizes.indices
    let ones = axes.map { _ in 1 }
    let padded = x.spread(
      padding, strides: ones,
      extents: axes.map {
        Swift.max(
          x.shape[$0 + 2] + 2 * padding[$0],
          (places[$0] - 1) * strides[$0] + dilations[$0] * (sizes[$0] - 1) + 1)
      })
    return padded.windowRows(
      sizes, strides: strides, dilations: dilations, groups: groups, places: places)
  }
}

extension Tensor {
  /// Elements `strides` apart, the first `starts` from the beginning, zeros elsewhere:
  /// `[batch, channels, n…] → [batch, channels, extents…]`.
  fileprivate func spread(_ starts: [Int], strides: [Int], extents: Shape) -> Tensor {
    let target = Shape(shape.prefix(2)) + extents
    if starts.allSatisfy({ $0 == 0 }), target == shape { return self }
    let rank = shape.count
    var indices = (0..<rank).map { IndexExpression.axis($0, rank: rank) }
    for axis in starts.indices {
      indices[axis + 2].offset = -starts[axis]
      indices[axis + 2].divisor = strides[axis]
    }
    return accessed(Access(indices), shape: target)
  }

  /// `[batch, channels, n…] → [groups, batch · places, size… · channels / groups]`
  fileprivate func windowRows(
    _ sizes: Shape, strides: [Int], dilations: [Int], groups: Int, places: Shape
  ) -> Tensor {
    let (batch, channels, count) = (shape[0], shape[1] / groups, sizes.count)
    let axes = Array(3..<3 + count)
    let windows = reshaped([batch, groups, channels] + shape.dropFirst(2))
      .accessed(
        .windows(
          axes, rank: 3 + count, starts: sizes.map { _ in 0 }, strides: strides,
          dilations: dilations, outside: 0), shape: [batch, groups, channels] + places + sizes)
    return
      windows
      .transposed([1, 0] + axes + axes.map { $0 + count } + [2])
      .reshaped([groups, batch * places.elementCount, sizes.elementCount * channels])
  }

  /// `[out, in, size…] → [out, size…, in]`
  fileprivate var channelsLast: Tensor {
    transposed([0] + Array(2..<shape.count) + [1])
  }

  /// `[groups, batch · places, channels] → [batch, groups · channels, places…]`
  fileprivate func places(_ extents: Shape, batch: Int) -> Tensor {
    let (groups, channels) = (shape.count == 2 ? 1 : shape[0], shape[shape.count - 1])
    return reshaped([groups, batch] + extents + [channels])
      .transposed([1, 0, 2 + extents.count] + extents.indices.map { $0 + 2 })
      .reshaped([batch, groups * channels] + extents)
  }

  /// `[groups, m, k] · [groups, k, n] → [groups, m, n]`; of one group as a product of two matrices.
  fileprivate func grouped(
    _ other: Tensor, transposeLeft: Bool = false, transposeRight: Bool = false
  ) -> Tensor {
    guard shape[0] == 1 else {
      return matmul(other, transposeLeft: transposeLeft, transposeRight: transposeRight)
    }
    return reshaped(Shape(shape.dropFirst()))
      .matmul(
        other.reshaped(Shape(other.shape.dropFirst())), transposeLeft: transposeLeft,
        transposeRight: transposeRight)
  }
}
