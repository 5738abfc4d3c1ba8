/// Which nodes fit into which groups.
extension Schedule {
  /// Whether a group computes elementwise nodes alone.
  func isElementwise(_ group: Int) -> Bool {
    guard case .nest(_, reducedAxes: nil) = groups[group].kind else { return false }
    return true
  }

  /// Whether an elementwise node can be computed in a group.
  func fits(_ index: Tape.Index, in group: Int) -> Bool {
    let shape = tape[index].shape
    switch groups[group].kind {
    case .scatterAdd, .scan, .attention, .allReduce: return false
    case .product:
      guard shape == tape[groups[group].members[0]].shape else { return false }
      return isAddressable(index, in: group, fullShape: shape, keptShape: nil)
    case .nest(let fullShape, let axes):
      guard shape == fullShape || shape == groups[group].keptShape else { return false }
      if let axes, !areTrailing(axes, in: fullShape), shape == fullShape { return false }
      return isAddressable(
        index, in: group, fullShape: fullShape, keptShape: groups[group].keptShape)
    }
  }

  /// The first group from number `start` on, if nodes are put together at all.
  func firstGroup(from start: Int, where fits: (Int) -> Bool) -> Int? {
    guard fuses else { return nil }
    return (start..<Swift.max(start, groups.count)).first(where: fits)
  }

  /// A reduction joins one along the same axes. A group without reductions becomes one of rows alone: a reduction
  /// along leading axes wants another order of work than its operands.
  ///
  /// - Parameter mayMakeRows: whether a group without reductions may become one of rows.
  func fitsReduction(
    _ index: Tape.Index, _ axes: [Int], in group: Int, mayMakeRows: Bool
  ) -> Bool {
    let shape = tape[tape[index].operands[0]].shape
    guard case .nest(let fullShape, let reducedAxes) = groups[group].kind, shape == fullShape,
      reducedAxes == axes || (reducedAxes == nil && mayMakeRows && areTrailing(axes, in: shape))
    else { return false }
    // Members that were placed before the nest had rows are at the full shape; none may be at the
    // shape of its rows.
    return isAddressable(
      index, in: group, fullShape: fullShape, keptShape: fullShape.collapsed(along: axes))
  }

  private func areTrailing(_ axes: [Int], in shape: Shape) -> Bool {
    axes.sorted() == Array((shape.count - axes.count)..<shape.count)
  }

  /// Whether all that `index` reads is at hand inside `group`: members at their own place or along
  /// their row, and whatever else as a view of memory.
  private func isAddressable(
    _ index: Tape.Index, in group: Int, fullShape: Shape, keptShape: Shape?
  ) -> Bool {
    let start = IndexMap(identityOn: tape[index].shape)
    let operandStart: IndexMap
    if case .reduce = tape[index].operation {
      operandStart = IndexMap(identityOn: fullShape)
    } else {
      operandStart = start
    }
    return tape[index].valueOperands.allSatisfy {
      isAddressable($0, operandStart, in: group, space: fullShape)
    }
  }

  private func isAddressable(
    _ index: Tape.Index, _ map: IndexMap, in group: Int, space: Shape
  ) -> Bool {
    let node = tape[index]
    if groupOf[index] == group {
      return map == IndexMap(identityOn: node.shape)
    }
    if groupOf[index] != nil { return true }
    switch node.operation {
    case .leaf, .fill:
      return true
    case .coordinate(let axis):
      // An epilogue knows elements of memory only.
      if case .product = groups[group].kind {
        return map.indices[axis].coefficients.allSatisfy { $0 == 0 }
      }
      return true
    case .random:
      // An epilogue knows elements of memory only.
      if case .product = groups[group].kind { return false }
      return map.isWhole
    case .unary, .binary, .select:
      return node.distinctOperands.allSatisfy {
        isAddressable($0, map, in: group, space: space)
      }
    case .access:
      guard
        let inner = map.through(node, operandShape: tape[node.operands[0]].shape, in: space)
      else { return false }
      // An epilogue knows elements of memory at a row and a column only.
      if case .product = groups[group].kind, !inner.isAffine { return false }
      return isAddressable(node.operands[0], inner, in: group, space: space)
    case .gather:
      // An epilogue knows elements of memory at a row and a column only.
      if case .product = groups[group].kind { return false }
      return map.isAffine
        && node.operands.allSatisfy { contiguousSource(of: $0, before: group) != nil }
    case .broadcast, .transpose, .detach, .known, .reshape:
      let source = node.operands[0]
      if let inner = map.through(node, operandShape: tape[source].shape, in: space) {
        return isAddressable(source, inner, in: group, space: space)
      }
      // A reshape that mixes axes can be read only from memory that others wrote.
      return contiguousSource(of: source).map { groupOf[$0] != group } ?? false
    case .reduce, .matrixProduct, .scatterAdd, .scan, .scanResult, .convolution, .attention,
      .attentionGradient, .attentionResult, .allReduce:
      fatalError("Schedule: node \(index) was not placed")
    }
  }
}
