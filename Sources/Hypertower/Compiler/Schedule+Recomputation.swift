extension Tape {
  /// Elementwise nodes that are computed wherever they are used, from elements that are in memory anyway: to write
  /// them down and read them again would take longer.
  ///
  /// Normalization is full of them: a tensor less its mean is the tensor again, and a few small numbers.
  func recomputed(needed: [Bool], outputs: [Index]) -> Set<Index> {
    var recomputation = Recomputation(self, needed: needed, outputs: outputs)
    for index in nodes.indices where needed[index] { recomputation.visit(index) }
    return recomputation.result
  }
}

/// Decides which nodes are recomputed, operands first.
private struct Recomputation {
  private let tape: Tape
  private let users: [[Tape.Index]]
  private let outputs: Set<Tape.Index>
  private(set) var result: Set<Tape.Index> = []
  /// How many reductions, products and the like lie on the longest path to each node, itself included: what has more
  /// of them than another node cannot be computed together with it.
  private var depths: [Int]
  /// The tensors in memory, as large as the node, that a recomputed node is computed from.
  private var sources: [Tape.Index: Set<Tape.Index>] = [:]
  /// How many operations a recomputed node stands for.
  private var weights: [Tape.Index: Int] = [:]

  /// The most operations that take no longer than a pass through memory.
  private static let greatestWeight = 12
  /// The number of elements from which on a tensor's pass through memory counts.
  private static let leastCount = 1 << 14
  /// A tensor that is smaller by this factor is at hand in a cache.
  private static let smallShare = 16

  init(_ tape: Tape, needed: [Bool], outputs: [Tape.Index]) {
    self.tape = tape
    self.outputs = Set(outputs)
    users = tape.users(needed: needed)
    depths = [Int](repeating: 0, count: tape.nodes.count)
  }

  mutating func visit(_ index: Tape.Index) {
    let node = tape[index]
    let below = node.valueOperands.map { depths[$0] }.max() ?? 0
    depths[index] = node.operation.startsAnew ? below + 1 : below
    guard node.isElementwise, !tape.isCostly(index), !outputs.contains(index),
      node.shape.elementCount >= Self.leastCount
    else { return }
    var (own, weight) = (Set<Tape.Index>(), 1)
    for operand in node.distinctOperands {
      guard let found = gather(operand, for: node, into: &own) else { return }
      weight += found
    }
    guard weight <= Self.greatestWeight, !own.isEmpty, pays(index, from: own),
      needsNoMemory(index)
    else { return }
    result.insert(index)
    sources[index] = own
    weights[index] = weight
  }

  /// Adds the large tensors that `operand` is read from, and returns how many operations that takes; nil where it
  /// takes more than reading.
  private func gather(
    _ operand: Tape.Index, for node: Tape.Node, into own: inout Set<Tape.Index>
  ) -> Int? {
    if let sources = sources[operand] {
      own.formUnion(sources)
      return weights[operand]!
    }
    // Of leaves alone: computed wherever it is used, too.
    if tape[operand].isElementwise, depths[operand] == 0 {
      guard !tape.isCostly(operand) else { return nil }
      var weight = 1
      for inner in tape[operand].distinctOperands {
        guard let found = gather(inner, for: node, into: &own) else { return nil }
        weight += found
        if weight > Self.greatestWeight { return nil }
      }
      return weight
    }
    switch tape[operand].operation {
    case .fill: return 0
    case .coordinate: return 1
    case .random: return nil
    case .broadcast, .reshape, .transpose, .detach, .known, .access:
      return gather(tape[operand].operands[0], for: node, into: &own)
    case .leaf, .unary, .binary, .select, .reduce, .matrixProduct, .gather, .scatterAdd, .scan,
      .scanResult, .convolution, .attention, .attentionGradient, .attentionResult, .allReduce:
      if tape[operand].shape.elementCount * Self.smallShare > node.shape.elementCount {
        own.insert(operand)
      }
      return 0
    }
  }

  /// Whether reading the sources at every use takes less than writing the node once and reading it.
  private func pays(_ index: Tape.Index, from own: Set<Tape.Index>) -> Bool {
    let isLater = own.allSatisfy { depths[$0] < depths[index] }
    if own.count == 1 {
      // One that is computed with its source and is the only one to read it takes its place.
      return isLater || users[own.first!].count > 1
    }
    let uses = users[index].count
    return isLater && uses * own.count < own.count + uses + 2
  }

  /// Whether all uses read the node element by element, none as a matrix or a loop's operand does.
  private func needsNoMemory(_ index: Tape.Index) -> Bool {
    users[index].allSatisfy { user in
      let node = tape[user]
      switch node.operation {
      case .unary, .binary, .select, .reduce: return true
      case .reshape, .transpose, .detach, .known:
        return !outputs.contains(user) && needsNoMemory(user)
      case .access(let access):
        let shape = tape[index].shape
        // What is spread, with gaps, would take a division for each element, and windows that overlap the operations of
        // an element many times.
        guard !outputs.contains(user), access.indices.allSatisfy({ $0.divisor == 1 }),
          node.shape.elementCount < 2 * shape.elementCount
        else { return false }
        guard access.hasOutside(of: shape, in: node.shape) else { return needsNoMemory(user) }
        // It is the padded tensor that goes to memory. Whether an element is there must not be asked for each lane.
        return access.keepsLastAxis(of: shape, in: node.shape)
      case .broadcast, .leaf, .fill, .coordinate, .random, .convolution, .scan, .scanResult,
        .matrixProduct, .gather, .scatterAdd, .attention, .attentionGradient, .attentionResult,
        .allReduce:
        return false
      }
    }
  }
}

extension Tape {
  /// The nodes that read each one.
  func users(needed: [Bool]) -> [[Index]] {
    var users = [[Index]](repeating: [], count: nodes.count)
    for index in nodes.indices where needed[index] {
      for operand in nodes[index].distinctOperands { users[operand].append(index) }
    }
    return users
  }
}

extension Tape.Operation {
  /// Whether elements are computed from many of the operands'.
  fileprivate var startsAnew: Bool {
    switch self {
    case .reduce, .matrixProduct, .gather, .scatterAdd, .scan, .convolution, .attention,
      .attentionGradient, .allReduce:
      true
    case .leaf, .fill, .coordinate, .random, .unary, .binary, .select, .broadcast, .reshape,
      .transpose, .access, .detach, .known, .scanResult, .attentionResult:
      false
    }
  }
}

extension Access {
  /// Whether a view of `shape` has elements that are none of a tensor's.
  fileprivate func hasOutside(of tensorShape: Shape, in shape: Shape) -> Bool {
    zip(indices, tensorShape).contains { !$0.isAlwaysWithin($1, in: shape) }
  }

  /// Whether neighbours along the last axis stay such, and there are all of them in a view of `shape`.
  fileprivate func keepsLastAxis(of tensorShape: Shape, in shape: Shape) -> Bool {
    guard let last = indices.last, let extent = tensorShape.last else { return false }
    return last == .axis(shape.count - 1, rank: shape.count)
      && last.isAlwaysWithin(extent, in: shape)
  }
}
