/// How a nest reads a tensor that its index space reaches beyond.
package struct BoundedLoad: Hashable, Sendable {
  /// An axis of the tensor.
  package struct Axis: Hashable, Sendable {
    package var index: IndexExpression
    package let extent: Int
    package let stride: Int
  }

  package let span: Span
  package var axes: [Axis]
  /// Where all of them hold, every axis's index lies in its extent; elsewhere the value is 0.
  package var bounds: [IndexBound]

  package init(span: Span, axes: [Axis], bounds: [IndexBound]) {
    (self.span, self.axes, self.bounds) = (span, axes, bounds)
  }

  /// The number of the tensor's elements.
  package var count: Int { axes.reduce(1) { $0 * $1.extent } }

  /// The distance in memory of neighbours along each dimension; nil where it is not the same everywhere.
  package var strides: [Int]? {
    guard let first = axes.first else { return nil }
    let strides = first.index.coefficients.indices.map { stride(along: $0) }
    return strides.contains(nil) ? nil : strides.map { $0! }
  }

  /// The same along one dimension.
  func stride(along dimension: Int) -> Int? {
    var result = 0
    for axis in axes where axis.index.coefficients[dimension] != 0 {
      guard axis.index.divisor == 1 else { return nil }
      result += axis.stride * axis.index.coefficients[dimension]
    }
    return result
  }

  /// The distance of rows, where row r of the nest reads row r of the tensor alone.
  var rowStride: Int? {
    guard let first = axes.first, first.index == .axis(0, rank: first.index.coefficients.count),
      axes.dropFirst().allSatisfy({ $0.index.coefficients[0] == 0 })
    else { return nil }
    return first.stride
  }
}

extension LoopNest.Input {
  /// What the input depends on the dimensions by: for each expression in it, the coefficients.
  var coefficients: [[Int]] {
    switch self {
    case .load(_, let strides): [strides]
    case .boundedLoad(let load):
      (load.axes.map(\.index) + load.bounds.map(\.index)).map(\.coefficients)
    case .indirectLoad(let load): [load.strides, load.numberStrides]
    case .inside(let bounds): bounds.map(\.index.coefficients)
    case .random(let random): [random.index.coefficients]
    case .coordinate, .reduction: []
    }
  }

  /// The same with the coefficients of each expression changed, and the dimensions of coordinates.
  func mapping(
    coefficients: ([Int]) -> [Int], dimension: (Int) -> Int
  ) -> LoopNest.Input {
    func mapped(_ index: IndexExpression) -> IndexExpression {
      IndexExpression(
        offset: index.offset, coefficients: coefficients(index.coefficients),
        divisor: index.divisor)
    }
    func mapped(_ bounds: [IndexBound]) -> [IndexBound] {
      bounds.map { IndexBound(index: mapped($0.index), extent: $0.extent) }
    }
    switch self {
    case .load(let span, let strides): return .load(span, strides: coefficients(strides))
    case .boundedLoad(var load):
      for axis in load.axes.indices { load.axes[axis].index = mapped(load.axes[axis].index) }
      load.bounds = mapped(load.bounds)
      return .boundedLoad(load)
    case .indirectLoad(var load):
      load.strides = coefficients(load.strides)
      load.numberStrides = coefficients(load.numberStrides)
      return .indirectLoad(load)
    case .inside(let bounds): return .inside(mapped(bounds))
    case .random(var random):
      random.index = mapped(random.index)
      return .random(random)
    case .coordinate(let own): return .coordinate(dimension: dimension(own))
    case .reduction: return self
    }
  }
}
