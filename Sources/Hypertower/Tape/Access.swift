/// Which element of a tensor each element of a view is: along each axis of the tensor, an expression in the
/// indices of the view. Where one is no index of the tensor, the view has `outside`.
///
/// Slices, flips, padding, windows and what is sent back through them are accesses.
package struct Access: Hashable, Sendable {
  /// One for each axis of the tensor.
  package let indices: [IndexExpression]
  package let outside: Double

  package init(_ indices: [IndexExpression], outside: Double = 0) {
    self.indices = indices
    self.outside = outside
  }

  /// Where a view of `shape` begins, with one axis to change.
  private static func identity(rank: Int) -> [IndexExpression] {
    (0..<rank).map { .axis($0, rank: rank) }
  }

  /// Along one axis element `start + i · step`; along the others as it is.
  static func along(
    _ axis: Int, rank: Int, start: Int, step: Int, outside: Double = 0
  ) -> Access {
    var indices = identity(rank: rank)
    indices[axis].offset = start
    indices[axis].coefficients[axis] = step
    return Access(indices, outside: outside)
  }

  /// Each index of `axes` is start + stride · (index of that axis) + dilation · (index of a further axis
  /// behind all).
  static func windows(
    _ axes: [Int], rank: Int, starts: [Int], strides: [Int], dilations: [Int], outside: Double
  ) -> Access {
    let viewRank = rank + axes.count
    var indices = (0..<rank).map { IndexExpression.axis($0, rank: viewRank) }
    for (number, axis) in axes.enumerated() {
      indices[axis].offset = starts[number]
      indices[axis].coefficients[axis] = strides[number]
      indices[axis].coefficients[rank + number] = dilations[number]
    }
    return Access(indices, outside: outside)
  }
}

extension Access {
  /// How the cotangent of a view becomes that of the tensor: as a view of it, `[tensor's axes, further
  /// axes]`, summed along the further axes.
  ///
  /// Each index of the tensor is an equation for the axes of the view. It is solved for one of them, first where
  /// only one is unknown; where several are, all but the longest become further axes, as do those that no
  /// index depends on. nil where an index has no unknown left.
  func adjoint(tensorShape: Shape, viewShape: Shape) -> (access: Access, furtherAxes: [Int])? {
    // An axis of extent 1 that is read everywhere has nothing to solve.
    var equations = indices.indices.filter { axis in
      tensorShape[axis] != 1 || indices[axis].coefficients.contains { $0 != 0 }
    }
    var further: [Int] = []
    var unknown = Set(viewShape.indices)
    /// The axis that each equation is solved for, in the order in which that can be done.
    var solutions: [(equation: Int, pivot: Int)] = []
    func unknowns(_ equation: Int) -> [Int] {
      unknown.filter { indices[equation].coefficients[$0] != 0 }.sorted()
    }
    while !equations.isEmpty {
      let next = equations.first { unknowns($0).count == 1 } ?? equations[0]
      let own = unknowns(next)
      guard let pivot = own.max(by: { viewShape[$0] < viewShape[$1] }) else { return nil }
      further += own.filter { $0 != pivot }
      unknown.subtract(own)
      solutions.append((next, pivot))
      equations.removeAll { $0 == next }
    }
    further = (further + unknown).sorted()

    let rank = indices.count + further.count
    var result = [IndexExpression](repeating: .constant(0, rank: rank), count: viewShape.count)
    for (number, viewAxis) in further.enumerated() {
      result[viewAxis] = .axis(indices.count + number, rank: rank)
    }
    for (axis, pivot) in solutions {
      // pivot = (divisor · i − offset − Σ others) / coefficient
      let index = indices[axis]
      let coefficient = index.coefficients[pivot]
      let sign = coefficient < 0 ? -1 : 1
      var solved = IndexExpression.constant(-sign * index.offset, rank: rank)
      solved.coefficients[axis] = sign * index.divisor
      for viewAxis in viewShape.indices
      where viewAxis != pivot && index.coefficients[viewAxis] != 0 {
        guard result[viewAxis].divisor == 1 else { return nil }
        solved.add(result[viewAxis], times: -sign * index.coefficients[viewAxis])
      }
      solved.divisor = sign * coefficient
      result[pivot] = solved
    }
    return (Access(result), further.map { viewShape[$0] })
  }
}
