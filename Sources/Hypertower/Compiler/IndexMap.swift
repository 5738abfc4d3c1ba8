/// Where in a tensor each point of an index space reads: an expression for each axis of the tensor, and the
/// bounds outside of which there is nothing to read.
struct IndexMap: Hashable {
  private(set) var indices: [IndexExpression]
  private(set) var bounds: [IndexBound] = []

  /// A tensor indexed with the axes of its own shape; along those of extent 1 the index is 0.
  init(identityOn shape: Shape) {
    indices = shape.enumerated().map { axis, extent in
      extent == 1 ? .constant(0, rank: shape.count) : .axis(axis, rank: shape.count)
    }
  }

  private init(_ indices: [IndexExpression], _ bounds: [IndexBound]) {
    self.indices = indices
    self.bounds = bounds
  }

  /// The map for the operand of view `node`, which this map is for; nil if it has not this form.
  ///
  /// - Parameter space: the extents of the index space.
  func through(_ node: Tape.Node, operandShape: Shape, in space: Shape) -> IndexMap? {
    switch node.operation {
    case .detach, .known:
      return self
    case .broadcast:
      return IndexMap(
        zip(indices, operandShape).map { $1 == 1 ? .constant(0, rank: space.count) : $0 }, bounds)
    case .transpose(let permutation):
      var result = indices
      for (axis, source) in permutation.enumerated() { result[source] = indices[axis] }
      return IndexMap(result, bounds)
    case .reshape:
      return reshaped(node.shape, to: operandShape, in: space)
    case .access(let access):
      var result = IndexMap([], bounds)
      for (index, extent) in zip(access.indices, operandShape) {
        guard let composed = index.substituting(indices, rank: space.count) else { return nil }
        result.indices.append(composed)
        let bound = IndexBound(index: composed, extent: extent)
        if !composed.isAlwaysWithin(extent, in: space), !result.bounds.contains(bound) {
          result.bounds.append(bound)
        }
      }
      return result
    default:
      fatalError("IndexMap: \(node.operation) is no view")
    }
  }

  /// Groups of neighbouring axes that hold as many elements on both sides are merged and split again.
  private func reshaped(_ shape: Shape, to operandShape: Shape, in space: Shape) -> IndexMap? {
    if shape.contains(0) {
      return IndexMap(operandShape.map { _ in .constant(0, rank: space.count) }, bounds)
    }
    var result: [IndexExpression] = []
    var (from, to) = (0, 0)
    while to < operandShape.count || from < shape.count {
      var (sources, targets) = ([Int](), [Int]())
      var (own, other) = (1, 1)
      repeat {
        if own <= other, from < shape.count {
          sources.append(from)
          own *= shape[from]
          from += 1
        } else if to < operandShape.count {
          targets.append(to)
          other *= operandShape[to]
          to += 1
        } else {
          sources.append(from)
          own *= shape[from]
          from += 1
        }
      } while own != other
      guard
        let part = Self.regrouped(
          sources.map { (indices[$0], shape[$0]) }, to: targets.map { operandShape[$0] },
          in: space)
      else { return nil }
      result += part
    }
    return IndexMap(result, bounds)
  }

  private static func regrouped(
    _ sources: [(index: IndexExpression, extent: Int)], to extents: [Int], in space: Shape
  ) -> [IndexExpression]? {
    let zero = IndexExpression.constant(0, rank: space.count)
    let real = sources.filter { $0.extent != 1 }
    if real.count <= 1, extents.count(where: { $0 != 1 }) <= 1 {
      return extents.map { $0 == 1 ? zero : real[0].index }
    }
    var linear = zero
    for (index, extent) in real {
      guard index.divisor == 1 else { return nil }
      var shifted = zero
      shifted.add(linear, times: extent)
      shifted.add(index, times: 1)
      linear = shifted
    }
    // From the outermost axis on: what is a multiple of its stride belongs to it.
    var result: [IndexExpression] = []
    for (extent, stride) in zip(extents, extents.contiguousStrides) {
      guard extent != 1 else {
        result.append(zero)
        continue
      }
      var own = zero
      // Rounded down, so that what remains is not negative.
      own.offset = (linear.offset - (linear.offset % stride + stride) % stride) / stride
      for axis in space.indices where linear.coefficients[axis] % stride == 0 {
        own.coefficients[axis] = linear.coefficients[axis] / stride
      }
      linear.add(own, times: -stride)
      guard linear.isAlwaysWithin(stride, in: space) else { return nil }
      result.append(own)
    }
    return result
  }

  /// The map for the indices of the gather that this map is for: without the axis along rows.
  var ofGatherIndices: IndexMap { IndexMap(Array(indices.dropLast()), bounds) }

  /// Whether every index is a whole number everywhere.
  var isWhole: Bool { indices.allSatisfy { $0.divisor == 1 } }

  /// Whether there is an element to read everywhere, at places that strides tell.
  var isAffine: Bool { bounds.isEmpty && isWhole }

  /// What reads a contiguous tensor of `shape` at `span` by this map; 0 outside the bounds.
  func input(_ span: Span, shape: Shape, rank: Int) -> LoopNest.Input {
    if isAffine {
      var address = IndexExpression.constant(span.offset, rank: rank)
      for (index, stride) in zip(indices, shape.contiguousStrides) {
        address.add(index, times: stride)
      }
      return .load(
        span.advanced(by: address.offset - span.offset), strides: address.coefficients)
    }
    let axes = zip(indices, zip(shape, shape.contiguousStrides)).map {
      BoundedLoad.Axis(index: $0, extent: $1.0, stride: $1.1)
    }
    return .boundedLoad(BoundedLoad(span: span, axes: axes, bounds: bounds))
  }
}
