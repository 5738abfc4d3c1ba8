/// Which tape nodes are computed together, as one instruction each.
///
/// Matrix products take the elementwise operations that follow them; other nodes are collected
/// into loop nests: elementwise chains, and rows with their reductions (a softmax with its loss
/// and gradient is one). A node joins the first group that it fits into, from the latest that any
/// of its operands comes from, and otherwise starts a new one, so groups in their order never
/// wait for a later one.
struct Schedule {
  /// An instruction to be.
  struct Group {
    enum Kind {
      case product
      /// Elementwise work and reductions over the members' shape, the *full* shape.
      case nest(fullShape: Shape, reducedAxes: [Int]?)
      /// Rows that are added up.
      case scatterAdd
      /// A sum over the shards of a batch.
      case allReduce
      /// A loop and its results.
      case scan
      /// Blockwise attention, or its gradient, and further results.
      case attention
    }

    var kind: Kind
    /// Tape nodes, in order.
    var members: [Tape.Index]

    /// The shape of members behind a reduction.
    var keptShape: Shape? {
      guard case .nest(let shape, let axes?) = kind else { return nil }
      return shape.collapsed(along: axes)
    }
  }

  let tape: Tape
  /// Whether nodes are put together at all; off, each is a launch of its own, for comparison.
  let fuses: Bool
  private(set) var groups: [Group] = []
  /// The group each node is computed in; nil for leaves, views, and elementwise nodes of leaves
  /// alone, which are computed wherever they are used.
  private(set) var groupOf: [Int?]
  /// Nodes that other groups or the outside read, which therefore need memory.
  private(set) var stored: Set<Tape.Index> = []
  /// How many operations each unplaced node stands for where it is used.
  private var unplacedWeights: [Tape.Index: Int] = [:]

  /// Elementwise nodes that are computed where they are used; see `Schedule+Deferral.swift` and
  /// `Schedule+Recomputation.swift`.
  private let deferred: Set<Tape.Index>

  /// Nodes that the outside reads.
  private let outputs: Set<Tape.Index>

  /// Elementwise nodes that views have many times over.
  private let widened: Set<Tape.Index>

  /// The greatest number of operations on leaves that are repeated wherever they are used.
  private static let greatestUnplacedWeight = 8
  /// The same for nodes that are `widened`.
  private static let greatestWidenedWeight = 2

  init(_ tape: Tape, outputs: [Tape.Index], fuses: Bool) {
    self.tape = tape
    self.fuses = fuses
    self.outputs = Set(outputs)
    groupOf = Array(repeating: nil, count: tape.nodes.count)
    let needed = tape.neededForValues(of: outputs)
    widened = tape.widened(needed: needed)
    deferred =
      fuses
      ? tape.deferred(needed: needed, outputs: outputs)
        .union(tape.recomputed(needed: needed, outputs: outputs)) : []
    for index in tape.nodes.indices where needed[index] { place(index) }
    for output in outputs {
      stored.insert(materialize(output))
    }
  }

  // MARK: Placing nodes

  private mutating func place(_ index: Tape.Index) {
    let node = tape[index]
    switch node.operation {
    case .leaf, .fill, .coordinate, .random, .broadcast, .reshape, .transpose, .detach, .known,
      .access:
      break
    case .unary, .binary, .select:
      if deferred.contains(index) { return }
      if let latest = latestGroup(of: node.operands) {
        if let group = firstGroup(from: latest, where: { fits(index, in: $0) }) {
          join(index, group)
        } else {
          startNest(index, fullShape: node.shape, reducedAxes: nil)
        }
        return
      }
      let weight = node.operands.reduce(1) { $0 + unplacedWeight($1) }
      let greatest =
        widened.contains(index) ? Self.greatestWidenedWeight : Self.greatestUnplacedWeight
      if fuses, weight <= greatest, !outputs.contains(index) {
        unplacedWeights[index] = weight
      } else if let group = firstGroup(from: 0, where: { isElementwise($0) && fits(index, in: $0) })
      {
        join(index, group)
      } else {
        startNest(index, fullShape: node.shape, reducedAxes: nil)
      }
    case .reduce(_, let axes):
      let shape = tape[node.operands[0]].shape
      let latest = latestGroup(of: node.operands)
      let group = firstGroup(from: latest ?? 0) {
        fitsReduction(index, axes, in: $0, mayMakeRows: $0 == latest)
      }
      if let group {
        groups[group].kind = .nest(fullShape: shape, reducedAxes: axes)
        join(index, group)
      } else {
        startNest(index, fullShape: shape, reducedAxes: axes)
      }
    case .matrixProduct:
      stored.insert(materializeLeft(node.operands[0]))
      stored.insert(materialize(node.operands[1]))
      groups.append(Group(kind: .product, members: [index]))
      groupOf[index] = groups.count - 1
    case .gather:
      // Read where it is used, out of a table and indices in memory.
      for operand in node.operands { stored.insert(materialize(operand)) }
    case .scatterAdd, .allReduce:
      for operand in node.operands { stored.insert(materialize(operand)) }
      groups.append(
        Group(kind: node.operation == .allReduce ? .allReduce : .scatterAdd, members: [index]))
      groupOf[index] = groups.count - 1
      stored.insert(index)
    case .scan:
      for operand in node.operands { stored.insert(materialize(operand)) }
      groups.append(Group(kind: .scan, members: [index]))
      groupOf[index] = groups.count - 1
    case .convolution:
      fatalError("Schedule: \(node.operation) has no elements")
    case .attention, .attentionGradient:
      for (number, operand) in node.operands.enumerated() {
        stored.insert(
          node.operation.readsRows(ofOperand: number)
            ? materializeRows(operand) : materialize(operand))
      }
      groups.append(Group(kind: .attention, members: [index]))
      groupOf[index] = groups.count - 1
      stored.insert(index)
    case .scanResult, .attentionResult:
      let group = groupOf[node.operands[0]]!
      groups[group].members.append(index)
      groupOf[index] = group
      stored.insert(index)
    }
  }

  private func unplacedWeight(_ index: Tape.Index) -> Int {
    if let weight = unplacedWeights[index] { return weight }
    // What is made of it is stored rather than gathered again.
    if case .gather = tape[index].operation { return Self.greatestUnplacedWeight }
    return tape[index].valueOperands.first.map(unplacedWeight) ?? 0
  }

  private mutating func startNest(
    _ index: Tape.Index, fullShape: Shape, reducedAxes: [Int]?
  ) {
    // What the new nest cannot address as a view is stored first, so that its launch comes before.
    for operand in tape[index].valueOperands { makeAddressable(operand) }
    groups.append(
      Group(kind: .nest(fullShape: fullShape, reducedAxes: reducedAxes), members: []))
    join(index, groups.count - 1)
  }

  private mutating func join(_ index: Tape.Index, _ group: Int) {
    groups[group].members.append(index)
    groupOf[index] = group
    for source in sources(of: index) where groupOf[source] != group {
      if groupOf[source] != nil { stored.insert(source) }
    }
  }

  /// The latest group that any of `nodes` comes from, through views and unplaced nodes.
  private func latestGroup(of nodes: [Tape.Index]) -> Int? {
    nodes.compactMap { node -> Int? in
      groupOf[node] ?? latestGroup(of: tape[node].distinctOperands)
    }.max()
  }

  /// The nodes in groups that node `index` reads, through views and unplaced nodes.
  private func sources(of index: Tape.Index) -> [Tape.Index] {
    tape[index].distinctOperands.flatMap { operand in
      groupOf[operand] != nil ? [operand] : sources(of: operand)
    }
  }

  // MARK: Memory

  /// Whether an earlier group than number `group` computes node `index`.
  ///
  /// A view, or an elementwise node of leaves, may be computed where it is used and be stored later
  /// on, for a product or the outside: groups before that must not read it from memory.
  func isStored(_ index: Tape.Index, before group: Int) -> Bool {
    groupOf[index].map { $0 < group } ?? false
  }

  /// The node whose memory holds the elements of `index` in their order, through reshapes, when
  /// group number `group` runs; nil if a view lies between that changes the order.
  func contiguousSource(of index: Tape.Index, before group: Int = .max) -> Tape.Index? {
    if isStored(index, before: group) { return index }
    switch tape[index].operation {
    case .leaf: return index
    case .reshape, .detach, .known:
      return contiguousSource(of: tape[index].operands[0], before: group)
    default: return nil
    }
  }

  /// Makes sure that the elements of `index` will lie in memory in their order, and returns the
  /// node that they are stored for.
  private mutating func materialize(_ index: Tape.Index) -> Tape.Index {
    if let source = contiguousSource(of: index) { return source }
    makeAddressable(index)
    // What had to be stored for that may have the elements in their order already.
    if let source = contiguousSource(of: index) { return source }
    startNest(copying: index)
    return index
  }

  /// Makes sure that a product can read `index`, through views or not, and returns the node whose memory that is.
  private mutating func materializeLeft(_ index: Tape.Index) -> Tape.Index {
    if let source = contiguousSource(of: index) { return source }
    if fuses, case .afterStoring(let node) = operandSource(of: index) {
      stored.insert(materialize(node))
    }
    if fuses, case .view(let view) = operandSource(of: index) { return view.source }
    return materialize(index)
  }

  /// Makes sure that attention can read rows of `index`, and returns the node whose memory that is.
  private mutating func materializeRows(_ index: Tape.Index) -> Tape.Index {
    guard fuses else { return materialize(index) }
    if contiguousSource(of: index) == nil, case .afterStoring(let node) = operandSource(of: index) {
      stored.insert(materialize(node))
    }
    return rowView(of: index)?.source ?? materialize(index)
  }

  /// A nest that computes a view or an unplaced node, which it can address, into memory.
  private mutating func startNest(copying index: Tape.Index) {
    groups.append(
      Group(kind: .nest(fullShape: tape[index].shape, reducedAxes: nil), members: []))
    join(index, groups.count - 1)
  }

  /// Stores what a new nest could not read as a view: elements in an order that strides cannot
  /// express.
  private mutating func makeAddressable(_ index: Tape.Index) {
    let shape = tape[index].shape
    makeAddressable(index, IndexMap(identityOn: shape), in: shape)
  }

  private mutating func makeAddressable(
    _ index: Tape.Index, _ map: IndexMap, in space: Shape
  ) {
    if groupOf[index] != nil { return }
    let node = tape[index]
    switch node.operation {
    case .leaf, .fill, .coordinate:
      return
    case .random:
      if !map.isWhole { stored.insert(materialize(index)) }
    case .unary, .binary, .select:
      for operand in node.distinctOperands { makeAddressable(operand, map, in: space) }
    case .broadcast, .transpose, .detach, .known, .reshape:
      let source = node.operands[0]
      if let inner = map.through(node, operandShape: tape[source].shape, in: space) {
        makeAddressable(source, inner, in: space)
      } else if contiguousSource(of: source) == nil {
        stored.insert(materialize(source))
      }
    case .access:
      let source = node.operands[0]
      if let inner = map.through(node, operandShape: tape[source].shape, in: space) {
        makeAddressable(source, inner, in: space)
      } else {
        stored.insert(materialize(index))
      }
    case .gather:
      if !map.isAffine { stored.insert(materialize(index)) }
    case .reduce, .matrixProduct, .scatterAdd, .scan, .scanResult, .convolution, .attention,
      .attentionGradient, .attentionResult, .allReduce:
      fatalError("Schedule: node \(index) was not placed")
    }
  }
}
