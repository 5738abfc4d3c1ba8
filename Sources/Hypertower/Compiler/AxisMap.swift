/// Which axis of an index space each axis of a tensor is indexed with; nil for those of extent 1
/// and those that stay at index 0.
struct AxisMap: Hashable {
  private(set) var axes: [Int?]

  /// A tensor indexed with the axes of its own shape.
  init(identityOn shape: Shape) {
    axes = shape.enumerated().map { axis, extent in extent == 1 ? nil : axis }
  }

  private init(_ axes: [Int?]) { self.axes = axes }

  /// The map for the operand of view `node`, which this map is for; nil if the view mixes axes.
  func through(_ node: Tape.Node, operandShape: Shape) -> AxisMap? {
    switch node.operation {
    case .detach:
      return self
    case .broadcast:
      return AxisMap(
        zip(axes, operandShape).map { axis, extent in extent == 1 ? nil : axis })
    case .transpose(let permutation):
      var result = axes
      for (axis, source) in permutation.enumerated() { result[source] = axes[axis] }
      return AxisMap(result)
    case .reshape:
      // Axes of extent 1 may come and go.
      let real = node.shape.indices.filter { node.shape[$0] != 1 }
      guard real.map({ node.shape[$0] }) == operandShape.filter({ $0 != 1 }) else { return nil }
      var remaining = real[...]
      return AxisMap(
        operandShape.map { extent in extent == 1 ? nil : axes[remaining.removeFirst()] })
    default:
      fatalError("AxisMap: \(node.operation) is no view")
    }
  }

  /// The distance in memory between neighbours along each axis of the index space, of `rank` axes,
  /// for a contiguous tensor of `shape`.
  func strides(in shape: Shape, rank: Int) -> [Int] {
    var result = [Int](repeating: 0, count: rank)
    for (axis, stride) in zip(axes, shape.contiguousStrides) {
      if let axis { result[axis] += stride }
    }
    return result
  }
}
