/// Swaps views with the work that follows them: an elementwise function of a transposed tensor is the transposed
/// function of the tensor.
///
/// So work runs in the order in which memory has its operands, and joins the product that they come from. A
/// convolution's results, which lie with the channels last, stay so through activations, normalization and pooling,
/// although the model declares `[batch, channels, height, width]`.
struct ViewSinking {
  /// What a node of the given tape has become: a node of the new tape, in another shape, with its axes in another
  /// order.
  private struct View {
    /// A node of the new tape.
    var base: Tape.Index
    /// What the base is reshaped to.
    var shape: Shape
    /// Axis i of the node is axis `order[i]` of `shape`.
    var order: [Int]
  }

  private let source: Tape
  /// The new tape.
  private(set) var result = Tape()
  private var views: [Tape.Index: View] = [:]
  /// Nodes of the new tape that depend on a product, rows of a table, a reduction or a loop.
  private var isComputed: Set<Tape.Index> = []
  /// For each node of the new tape how many nodes the longest path to it has.
  private var depths: [Int] = []

  /// The new tape, and its nodes that have the elements of `outputs`.
  static func apply(
    to tape: Tape, outputs: [Tape.Index]
  ) -> (tape: Tape, outputs: [Tape.Index]) {
    let needed = tape.neededForValues(of: outputs)
    guard !tape.hasEmptyNodes(among: needed) else { return (tape, outputs) }
    var sinking = ViewSinking(tape)
    for index in tape.nodes.indices where needed[index] { sinking.convert(index) }
    let ends = outputs.map { sinking.realized(sinking.views[$0]!) }
    return (sinking.result, ends)
  }

  private init(_ tape: Tape) { source = tape }

  private mutating func convert(_ index: Tape.Index) {
    let node = source[index]
    let operands = node.valueOperands.map { views[$0]! }
    switch node.operation {
    case .detach, .known:
      views[index] = operands[0]
    case .transpose(let permutation):
      var view = operands[0]
      view.order = permutation.map { operands[0].order[$0] }
      views[index] = view
    case .reshape:
      views[index] = reshaped(operands[0], to: node.shape)
    case .broadcast:
      views[index] = broadcast(operands[0], to: node.shape)
    case .access(let access):
      views[index] = accessed(operands[0], access, shape: node.shape)
    case .unary, .binary, .select:
      views[index] = elementwise(node.operation, operands)
    case .reduce(let kind, let axes):
      views[index] = reduced(operands[0], kind, axes)
    case .leaf, .fill, .coordinate, .random, .matrixProduct, .gather, .scatterAdd, .scan,
      .scanResult, .attention, .attentionGradient, .attentionResult, .allReduce:
      let base = append(node.operation, operands.map { realized($0) }, shape: node.shape)
      views[index] = view(of: base)
    case .convolution:
      fatalError("ViewSinking: \(node.operation) has no elements")
    }
  }

  // MARK: Nodes

  mutating func append(
    _ operation: Tape.Operation, _ operands: [Tape.Index], shape: Shape
  ) -> Tape.Index {
    let index = result.append(operation, operands, shape: shape)
    if index == depths.count { depths.append(1 + (operands.map { depths[$0] }.max() ?? 0)) }
    switch operation {
    case .matrixProduct, .gather, .scatterAdd, .reduce, .scan, .scanResult, .attention,
      .attentionGradient, .attentionResult, .allReduce:
      isComputed.insert(index)
    case .leaf, .fill, .coordinate, .random: break
    default: if operands.contains(where: isComputed.contains) { isComputed.insert(index) }
    }
    return index
  }

  private func view(of base: Tape.Index) -> View {
    let shape = result[base].shape
    return View(base: base, shape: shape, order: Array(shape.indices))
  }

  mutating func reshape(_ base: Tape.Index, to shape: Shape) -> Tape.Index {
    var base = base
    if result[base].shape == shape { return base }
    if case .reshape = result[base].operation { base = result[base].operands[0] }
    if result[base].shape == shape { return base }
    if case .fill = result[base].operation {
      return append(result[base].operation, [], shape: shape)
    }
    return append(.reshape, [base], shape: shape)
  }

  private mutating func transpose(_ base: Tape.Index, _ order: [Int]) -> Tape.Index {
    let shape = result[base].shape
    if order == Array(shape.indices) { return base }
    let target = order.map { shape[$0] }
    // Axes of extent 1 may lie anywhere.
    if order.filter({ shape[$0] != 1 }) == shape.indices.filter({ shape[$0] != 1 }) {
      return reshape(base, to: target)
    }
    switch result[base].operation {
    case .fill: return append(result[base].operation, [], shape: target)
    case .coordinate(let axis):
      return append(.coordinate(axis: order.firstIndex(of: axis)!), [], shape: target)
    case .broadcast:
      let operand = transpose(result[base].operands[0], order)
      return append(.broadcast, [operand], shape: target)
    default: return append(.transpose(permutation: order), [base], shape: target)
    }
  }

  /// The node that has a view's elements in their order.
  private mutating func realized(_ view: View) -> Tape.Index {
    transpose(reshape(view.base, to: view.shape), view.order)
  }

  // MARK: Views

  /// Axes that are split, or that are merged and lie side by side in the view's shape, are so there; else the view
  /// is written down as it is.
  private mutating func reshaped(_ view: View, to target: Shape) -> View {
    let isInOrder = view.order == Array(view.shape.indices)
    if isInOrder {
      return View(base: view.base, shape: target, order: Array(target.indices))
    }
    let logical = view.order.map { view.shape[$0] }
    // For each axis of the view's shape the axes that take its place, with their numbers in the target.
    var places = [[Int]](repeating: [], count: view.shape.count)
    var ones: [Int] = []
    for (from, to) in logical.groups(with: target) {
      let own = from.filter { logical[$0] != 1 }.map { view.order[$0] }
      guard let first = own.first else {
        ones += to
        continue
      }
      let between = (own.min()!...own.max()!).filter { view.shape[$0] != 1 }
      guard own == between else {
        return View(base: realized(view), shape: target, order: Array(target.indices))
      }
      places[first] = Array(to)
    }
    let all = ones + places.flatMap { $0 }
    var order = [Int](repeating: 0, count: target.count)
    for (place, axis) in all.enumerated() { order[axis] = place }
    return View(base: view.base, shape: all.map { target[$0] }, order: order)
  }

  private mutating func broadcast(_ view: View, to target: Shape) -> View {
    var shape = view.shape
    for (axis, extent) in target.enumerated() { shape[view.order[axis]] = extent }
    let operand = reshape(view.base, to: view.shape)
    let base =
      if case .fill = result[operand].operation {
        append(result[operand].operation, [], shape: shape)
      } else {
        append(.broadcast, [operand], shape: shape)
      }
    return View(base: base, shape: shape, order: view.order)
  }

  /// Axes of the view follow those that they go along in memory; further ones, such as those of windows, come last.
  private mutating func accessed(_ view: View, _ access: Access, shape: Shape) -> View {
    var indices = access.indices
    for (axis, index) in access.indices.enumerated() { indices[view.order[axis]] = index }
    var order: [Int] = []
    for index in indices {
      if let main = shape.indices.first(where: { index.coefficients[$0] != 0 }),
        !order.contains(main)
      {
        order.append(main)
      }
    }
    order += shape.indices.filter { !order.contains($0) }
    if view.order == Array(view.shape.indices) { order = Array(shape.indices) }
    let own = Access(indices.map { $0.reordered(order) }, outside: access.outside)
    let target = order.map { shape[$0] }
    let base = append(.access(own), [reshape(view.base, to: view.shape)], shape: target)
    return View(
      base: base, shape: target, order: shape.indices.map { order.firstIndex(of: $0)! })
  }

  private mutating func reduced(_ view: View, _ kind: Tape.Reduction, _ axes: [Int]) -> View {
    var view = view
    let places = axes.map { view.order[$0] }
    if kind == .indexOfMaximum, places != places.sorted() {
      let base = realized(view)
      view = self.view(of: base)
    }
    let own = Set(axes.map { view.order[$0] })
    let shape = view.shape.collapsed(along: Array(own))
    func reduced(_ base: Tape.Index, _ axes: [Int]) -> View {
      View(base: reduce(base, kind, axes), shape: shape, order: view.order)
    }
    let groups = result[view.base].shape.groups(with: view.shape)
    let areWhole = groups.allSatisfy { _, axes in
      let long = axes.filter { view.shape[$0] != 1 }
      return long.allSatisfy(own.contains) || !long.contains(where: own.contains)
    }
    if areWhole, kind != .indexOfMaximum {
      let baseAxes = groups.filter { _, axes in
        axes.contains { own.contains($0) && view.shape[$0] != 1 }
      }.flatMap { Array($0.0) }
      if !baseAxes.isEmpty { return reduced(view.base, baseAxes) }
    }
    return reduced(reshape(view.base, to: view.shape), own.sorted())
  }

  // MARK: Elementwise work

  private mutating func elementwise(
    _ operation: Tape.Operation, _ operands: [View]
  ) -> View {
    // The one that is computed last, which others can join; what is only repeated or given decides nothing beside it.
    let most = operands.map { rank($0.base).0 }.max()!
    let decisive = operands.filter { rank($0.base).0 == most }
    let reordered = decisive.filter(isReordered)
    let candidates = reordered.isEmpty ? decisive.filter(isReshaped) : reordered
    guard let target = candidates.max(by: { rank($0.base) < rank($1.base) }) else {
      let nodes = operands.map { realized($0) }
      let base = append(operation, nodes, shape: result[nodes[0]].shape)
      return view(of: base)
    }
    let nodes = operands.map { node(of: $0, in: target) }
    let shape = result[target.base].shape
    if shape != target.shape {
      let merged = nodes.map { self.merged($0, to: shape) }
      if merged.allSatisfy({ $0 != nil }) {
        let base = append(operation, merged.map { $0! }, shape: shape)
        return View(base: base, shape: target.shape, order: target.order)
      }
    }
    let base = append(operation, nodes, shape: target.shape)
    return View(base: base, shape: target.shape, order: target.order)
  }

  /// The order in which nodes are computed, repeated and given ones first.
  private func rank(_ node: Tape.Index) -> (Int, Int) {
    switch result[node].operation {
    case .broadcast: return (0, depths[node])
    case .reshape, .transpose: return rank(result[node].operands[0])
    default: return (isComputed.contains(node) ? 1 : 0, depths[node])
    }
  }

  /// Whether axes of more than one element are in another order.
  private func isReordered(_ view: View) -> Bool {
    let long = view.order.filter { view.shape[$0] != 1 }
    return long != long.sorted()
  }

  private func isReshaped(_ view: View) -> Bool {
    result[view.base].shape != view.shape && isComputed.contains(view.base)
  }

  /// A view's elements in the shape of `target`, in whose order they are.
  private mutating func node(of view: View, in target: View) -> Tape.Index {
    if view.order == target.order { return reshape(view.base, to: target.shape) }
    let inverse = target.shape.indices.map { target.order.firstIndex(of: $0)! }
    // Of two orders one after another.
    return transpose(reshape(view.base, to: view.shape), inverse.map { view.order[$0] })
  }

  /// The node in a shape of as many elements, where reading it so takes no copy; else nil.
  private mutating func merged(_ node: Tape.Index, to shape: Shape) -> Tape.Index? {
    switch result[node].operation {
    case .fill, .leaf, .matrixProduct, .scatterAdd, .scanResult, .reduce, .attention,
      .attentionGradient, .attentionResult, .allReduce:
      return reshape(node, to: shape)
    case .gather:
      return result[node].shape == shape ? node : nil
    case .unary, .binary, .select:
      let isSame = result[node].shape.filter { $0 != 1 } == shape.filter { $0 != 1 }
      return isComputed.contains(node) || isSame ? reshape(node, to: shape) : nil
    case .reshape:
      return merged(result[node].operands[0], to: shape)
    case .broadcast:
      let operand = result[node].operands[0]
      var target: Shape = []
      for (from, to) in result[node].shape.groups(with: shape) {
        let own = from.map { result[operand].shape[$0] }
        if own == from.map({ result[node].shape[$0] }) {
          target += shape[to]
        } else if own.allSatisfy({ $0 == 1 }) {
          target += to.map { _ in 1 }
        } else {
          return nil
        }
      }
      guard let inner = merged(operand, to: target) else { return nil }
      return append(.broadcast, [inner], shape: shape)
    case .coordinate, .random, .transpose, .access, .detach, .known, .scan, .convolution:
      return nil
    }
  }
}
