extension Tape {
  /// Elementwise nodes that a single sum reads, in another order than that of their own elements: through an access,
  /// as what windows send back is, or along columns. Written down first, their elements would only pass through
  /// memory.
  func deferred(needed: [Bool], outputs: [Index]) -> Set<Index> {
    var users = [[Index]](repeating: [], count: nodes.count)
    for index in nodes.indices where needed[index] {
      for operand in Set(nodes[index].valueOperands) { users[operand].append(index) }
    }
    for output in outputs { users[output].append(nodes.count) }
    var result: Set<Index> = []
    for index in nodes.indices.reversed() where needed[index] && nodes[index].isElementwise {
      if isDeferred(index, users, result) { result.insert(index) }
    }
    return result
  }

  private func isDeferred(_ index: Index, _ users: [[Index]], _ deferred: Set<Index>) -> Bool {
    var node = index
    var isAccessed = false
    while users[node].count == 1, users[node][0] < nodes.count {
      let user = users[node][0]
      switch nodes[user].operation {
      case .reshape, .transpose, .detach, .known: break
      case .access:
        guard
          nodes[user].shape.elementCount <= Self.mostRepetitions * nodes[node].shape.elementCount
        else { return false }
        isAccessed = true
      case .unary, .binary, .select:
        return !isAccessed && deferred.contains(user)
          && nodes[node].shape == nodes[user].shape
      case .reduce(let kind, let axes):
        guard kind != .indexOfMaximum else { return false }
        let shape = nodes[node].shape
        let isAlongColumns = !axes.contains(shape.lastIndex { $0 != 1 } ?? 0)
        return isAccessed || isAlongColumns
      default: return false
      }
      node = user
    }
    return false
  }

  /// How many elements a sum may read for each, most of them outside an access's bounds.
  private static let mostRepetitions = 32
}

extension Tape.Node {
  fileprivate var isElementwise: Bool {
    switch operation {
    case .unary, .binary, .select: true
    default: false
    }
  }
}
