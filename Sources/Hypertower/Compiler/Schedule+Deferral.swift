extension Tape {
  /// Elementwise nodes that a single sum reads, in another order than that of their own elements: through an access,
  /// as what windows send back is, or along columns. Written down first, their elements would only pass through
  /// memory.
  func deferred(needed: [Bool], outputs: [Index]) -> Set<Index> {
    var users = users(needed: needed)
    for output in outputs { users[output].append(nodes.count) }
    // How often each deferred node's elements are computed.
    var result: [Index: Int] = [:]
    for index in nodes.indices.reversed() where needed[index] && nodes[index].isElementwise {
      result[index] = repetitions(of: index, users, result)
    }
    return Set(result.keys)
  }

  /// Elementwise nodes that an access reads in at least twice as many places as they have elements.
  func widened(needed: [Bool]) -> Set<Tape.Index> {
    let all = nodes.indices.compactMap { index -> Index? in
      guard needed[index], case .access = nodes[index].operation else { return nil }
      let operand = nodes[index].operands[0]
      return nodes[operand].isElementwise
        && nodes[index].shape.elementCount >= 2 * nodes[operand].shape.elementCount
        ? operand : nil
    }
    return Set(all)
  }

  /// How often a node's elements would be computed if it were deferred; nil if it is not.
  private func repetitions(
    of index: Index, _ users: [[Index]], _ deferred: [Index: Int]
  ) -> Int? {
    let isCostly = isCostly(index)
    var node = index
    var repetitions = 1
    var isAccessed = false
    while users[node].count == 1, users[node][0] < nodes.count {
      let user = users[node][0]
      switch nodes[user].operation {
      case .reshape, .transpose, .detach, .known: break
      case .access:
        let (own, view) = (nodes[node].shape.elementCount, nodes[user].shape.elementCount)
        repetitions *= Swift.max(1, (view + Swift.max(1, own) - 1) / Swift.max(1, own))
        isAccessed = true
      case .unary, .binary, .select:
        guard !isAccessed, let others = deferred[user], nodes[node].shape == nodes[user].shape,
          others <= mostRepetitions(isCostly)
        else { return nil }
        return others
      case .reduce(let kind, let axes):
        guard kind != .indexOfMaximum, repetitions <= mostRepetitions(isCostly) else { return nil }
        let shape = nodes[node].shape
        if isAccessed { return repetitions }
        // Along columns; few of them would have one work-group do all that is costly.
        let isAlongColumns = !axes.contains(shape.lastIndex { $0 != 1 } ?? 0)
        let isShared = !isCostly || nodes[user].shape.elementCount >= Self.manyColumns
        return isAlongColumns && isShared ? 1 : nil
      default: return nil
      }
      node = user
    }
    return nil
  }

  /// Most of a costless function's repetitions lie outside an access's bounds.
  private func mostRepetitions(_ isCostly: Bool) -> Int { isCostly ? 2 : 32 }

  /// The number of sums that all cores find work in.
  private static let manyColumns = 1 << 10

  /// Whether an element takes many operations.
  func isCostly(_ index: Index) -> Bool {
    let node = nodes[index]
    let isCostly =
      switch node.operation {
      case .unary(let operation): ![.negate, .relu, .floor].contains(operation)
      case .binary(let operation): [.divide, .power].contains(operation)
      default: false
      }
    return isCostly
      || node.operands.contains {
        if case .random = nodes[$0].operation { true } else { false }
      }
  }
}
