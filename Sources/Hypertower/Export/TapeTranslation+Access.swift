/// Views: slices, padding, windows and the like.
///
/// Along each axis of the tensor, ONNX takes the elements that a list of numbers says. So no two indices of the tensor
/// may depend on the same axis of the view.
extension TapeTranslation {
  /// What is done along an axis of the tensor, in this order.
  private struct Step {
    /// The axes of the view that the index depends on.
    let viewAxes: [Int]
    /// The elements to begin with.
    var slice: (start: Int, end: Int, step: Int)?
    /// How much there is to be before and after them.
    var padding = (before: 0, after: 0)
    /// The elements to take of those, in the shape of the view's axes; nil: all.
    var taken: [Int]?
  }

  mutating func access(_ access: Access, _ node: BatchTape.Node) throws -> Value {
    let operand = node.operands[0]
    let shape = tape.nodes[operand].shape
    var value = value(operand)
    var used: Set<Int> = []
    let steps = try access.indices.enumerated().map { axis, index -> Step in
      let viewAxes = node.shape.indices.filter { index.coefficients[$0] != 0 }
      guard used.isDisjoint(with: viewAxes) else {
        throw Self.unsupported("view", "two of its indices depend on one axis")
      }
      used.formUnion(viewAxes)
      if index == viewAxes.first.map({ .axis($0, rank: node.shape.count) }),
        shape[axis] == node.shape[viewAxes[0]]
      {
        return Step(viewAxes: viewAxes)
      }
      guard let extent = shape[axis].fixed,
        case let extents = viewAxes.compactMap({ node.shape[$0].fixed }),
        extents.count == viewAxes.count
      else {
        throw Self.unsupported("view", "its indices depend on the number of samples")
      }
      // Stretched along no axis that elements are chosen from.
      value = expanded(
        value, to: value.shape.indices.map { $0 == axis ? shape[axis] : value.shape[$0] })
      return Self.step(index, viewAxes, extents, of: extent)
    }
    value = taken(value, steps, outside: access.outside, of: node.shape)
    return arranged(value, axes: steps.flatMap(\.viewAxes), of: node.shape)
  }

  /// How the elements at `index` are taken from an axis of `extent` elements.
  private static func step(
    _ index: IndexExpression, _ viewAxes: [Int], _ viewExtents: [Int], of extent: Int
  ) -> Step {
    let numbers = Self.numbers(index, viewAxes, viewExtents, of: extent)
    var step = Step(viewAxes: viewAxes)
    if viewAxes.count == 1, index.divisor == 1, let first = numbers.first {
      let (count, stride) = (numbers.count, index.coefficients[viewAxes[0]])
      if !numbers.contains(extent) {
        let last = numbers[count - 1]
        let end = stride > 0 ? last + 1 : last - 1
        // The end before the first element can be told by a number far below alone.
        step.slice = (first, end < 0 ? Int(Int32.min) : end, stride)
        return step
      }
      let (start, end) = (index.offset, index.offset + count)
      if stride == 1, Swift.max(start, 0) < Swift.min(end, extent) {
        if start > 0 || end < extent {
          step.slice = (Swift.max(start, 0), Swift.min(end, extent), 1)
        }
        step.padding = (Swift.max(-start, 0), Swift.max(end - extent, 0))
        return step
      }
    }
    if numbers.contains(extent) { step.padding.after = 1 }
    step.taken = numbers
    return step
  }

  /// The elements' numbers, in the order of the view's axes; `extent` for what lies outside.
  private static func numbers(
    _ index: IndexExpression, _ viewAxes: [Int], _ viewExtents: [Int], of extent: Int
  ) -> [Int] {
    let count = viewExtents.elementCount
    return (0..<count).map { place in
      var (rest, sum) = (place, index.offset)
      for (axis, viewExtent) in zip(viewAxes, viewExtents).reversed() {
        sum += index.coefficients[axis] * (rest % viewExtent)
        rest /= viewExtent
      }
      guard sum.isMultiple(of: index.divisor), 0..<extent ~= sum / index.divisor else {
        return extent
      }
      return sum / index.divisor
    }
  }

  /// Takes the steps along all axes, each of which becomes those of the view that its index depends on.
  private mutating func taken(
    _ value: Value, _ steps: [Step], outside: Double, of view: [BatchExtent]
  ) -> Value {
    var value = value
    let slices = steps.indices.filter { steps[$0].slice != nil }
    if !slices.isEmpty {
      let parts = slices.map { steps[$0].slice! }
      let name = add(
        "Slice",
        [
          value.name, names.integers(parts.map(\.start)), names.integers(parts.map(\.end)),
          names.integers(slices), names.integers(parts.map(\.step)),
        ])
      value = Value(name: name, shape: value.shape, type: value.type)
    }
    let padding = steps.map(\.padding.before) + steps.map(\.padding.after)
    if padding.contains(where: { $0 > 0 }) {
      let numbers = cast(value, to: .float)
      let name = add(
        "Pad", [numbers.name, names.integers(padding), names.numbers([Float(outside)], [])])
      value = Value(name: name, shape: value.shape)
    }
    var extents: [[BatchExtent]] = []
    for (axis, step) in steps.enumerated() {
      let isWhole = step.slice == nil && step.taken == nil && step.padding == (0, 0)
      extents.append(isWhole ? [value.shape[axis]] : step.viewAxes.map { view[$0] })
    }
    // From the last axis on, since one may become several or none.
    for (axis, step) in steps.enumerated().reversed() {
      guard let taken = step.taken else { continue }
      let list = names.integers(taken, step.viewAxes.map { view[$0].fixed! })
      let name = add("Gather", [value.name, list], [("axis", .integer(axis))])
      value = Value(name: name, shape: value.shape, type: value.type)
    }
    value.shape = extents.flatMap(\.self)
    return value
  }

  /// Puts the axes in order, and adds those that no index depends on.
  private mutating func arranged(
    _ value: Value, axes: [Int], of view: [BatchExtent]
  ) -> Value {
    let order = axes.indices.sorted { axes[$0] < axes[$1] }
    let sorted = transposed(value, order)
    let missing = view.indices.filter { !axes.contains($0) }
    guard !missing.isEmpty else { return sorted }
    var shape = sorted.shape
    for axis in missing { shape.insert(.fixed(1), at: axis) }
    let name = add("Unsqueeze", [sorted.name, names.integers(missing)])
    return Value(name: name, shape: shape, type: sorted.type)
  }
}
