/// Views: slices, padding, windows and the like.
///
/// Along each axis of the tensor, ONNX takes the elements that a list of numbers says. Axes whose indices depend on the same
/// axis of the view, as in what is sent back through windows, are made one before.
extension TapeTranslation {
  /// What is done along an axis, in this order.
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
    let groups = Self.groups(access, node.shape)
    let steps = try groups.map { axes, viewAxes -> Step in
      let indices = axes.map { access.indices[$0] }
      if indices == viewAxes.map({ .axis($0, rank: node.shape.count) }), axes.count == 1,
        shape[axes[0]] == node.shape[viewAxes[0]]
      {
        return Step(viewAxes: viewAxes)
      }
      let extents = axes.compactMap { shape[$0].fixed }
      let viewExtents = viewAxes.compactMap { node.shape[$0].fixed }
      guard extents.count == axes.count, viewExtents.count == viewAxes.count else {
        throw Self.unsupported("view", "its indices depend on the number of samples")
      }
      // Stretched along no axis that elements are chosen from.
      value = expanded(
        value,
        to: value.shape.indices.map { axes.contains($0) ? shape[$0] : value.shape[$0] })
      return Self.step(indices, viewAxes, viewExtents, of: extents)
    }
    value = transposed(value, groups.flatMap(\.axes))
    value = reshaped(
      value,
      to: groups.map { axes, _ in
        let first = axes[0]
        return axes.count == 1
          ? value.shape[groups.flatMap(\.axes).firstIndex(of: first)!]
          : .fixed(axes.map { shape[$0].fixed! }.elementCount)
      })
    value = taken(value, steps, outside: access.outside, of: node.shape)
    return arranged(value, axes: steps.flatMap(\.viewAxes), of: node.shape)
  }

  /// The tensor's axes, those whose indices depend on the same axes of the view together, and these.
  private static func groups(
    _ access: Access, _ view: [BatchExtent]
  ) -> [(axes: [Int], viewAxes: [Int])] {
    var groups: [(axes: [Int], viewAxes: [Int])] = []
    for (axis, index) in access.indices.enumerated() {
      var own = (axes: [axis], viewAxes: view.indices.filter { index.coefficients[$0] != 0 })
      // Those that came before come first.
      for group in groups.reversed() where !Set(group.viewAxes).isDisjoint(with: own.viewAxes) {
        own = (group.axes + own.axes, Set(group.viewAxes + own.viewAxes).sorted())
      }
      groups.removeAll { $0.axes.contains(where: own.axes.contains) }
      groups.append(own)
    }
    return groups
  }

  /// How the elements at `indices` are taken from axes of `extents` elements.
  private static func step(
    _ indices: [IndexExpression], _ viewAxes: [Int], _ viewExtents: [Int], of extents: [Int]
  ) -> Step {
    let numbers = Self.numbers(indices, viewAxes, viewExtents, of: extents)
    let extent = extents.elementCount
    var step = Step(viewAxes: viewAxes)
    if indices.count == 1, viewAxes.count == 1, indices[0].divisor == 1, let first = numbers.first {
      let (count, stride) = (numbers.count, indices[0].coefficients[viewAxes[0]])
      if !numbers.contains(extent) {
        let last = numbers[count - 1]
        let end = stride > 0 ? last + 1 : last - 1
        // The end before the first element can be told by a number far below alone.
        step.slice = (first, end < 0 ? Int(Int32.min) : end, stride)
        return step
      }
      let (start, end) = (indices[0].offset, indices[0].offset + count)
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

  /// The elements' numbers, in the order of the view's axes; the number of elements for what lies outside.
  private static func numbers(
    _ indices: [IndexExpression], _ viewAxes: [Int], _ viewExtents: [Int], of extents: [Int]
  ) -> [Int] {
    (0..<viewExtents.elementCount).map { place in
      var number = 0
      for (index, extent) in zip(indices, extents) {
        var (rest, sum) = (place, index.offset)
        for (axis, viewExtent) in zip(viewAxes, viewExtents).reversed() {
          sum += index.coefficients[axis] * (rest % viewExtent)
          rest /= viewExtent
        }
        guard sum.isMultiple(of: index.divisor), 0..<extent ~= sum / index.divisor else {
          return extents.elementCount
        }
        number = number * extent + sum / index.divisor
      }
      return number
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
