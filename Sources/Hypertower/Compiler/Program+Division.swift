extension Program {
  /// The numbers of the instructions that are sums over shards.
  var hostPoints: [Int] {
    instructions.indices.filter {
      if case .allReduce = instructions[$0] { true } else { false }
    }
  }

  /// The program in parts, to be run one after another.
  ///
  /// All have the same buffers. Temporary ones that several parts or sums over shards touch are no longer temporary:
  /// whoever prepares the parts brings arrays for them. The sums are in no part: each is to be done before the part that
  /// begins with its number.
  ///
  /// - Parameter places: the numbers of the instructions with which the parts begin, but for the first part, ascending.
  func divided(before places: [Int]) -> [Program] {
    let bounds = [0] + places + [instructions.count]
    var parts = zip(bounds, bounds.dropFirst()).map { start, end in
      var part = self
      part.instructions = instructions[start..<end].filter {
        if case .allReduce = $0 { false } else { true }
      }
      return part
    }
    var users: [Int: Set<Int>] = [:]
    for (number, part) in parts.enumerated() {
      for access in part.instructions.flatMap(\.accesses) {
        users[access.buffer, default: []].insert(number)
      }
    }
    let exchanged = hostPoints.flatMap { instructions[$0].accesses.map(\.buffer) }
    for buffer in Set(exchanged).union(users.keys.filter { users[$0]!.count > 1 }) {
      for part in parts.indices { parts[part].buffers[buffer].isTemporary = false }
    }
    return parts
  }
}

extension Instruction {
  /// About how much there is to do: the multiply-adds of products, and the elements that others go through.
  var work: Int {
    switch self {
    case .matrixProduct(let product): product.allRows * product.columns * product.inner
    case .attention(let attention): Int(attention.operations / 2)
    case .attentionGradient(let gradient): Int(gradient.operations(of: .all) / 2)
    case .loop(let loop): loop.count * loop.body.reduce(0) { $0 + $1.work }
    case .loopNest(let nest): nest.keptShape.elementCount * nest.reducedShape.elementCount
    case .scatterAdd(let scatter): scatter.matrices * scatter.count * scatter.width
    case .gatherBatch(let gather): gather.batchSize * gather.sources.reduce(0) { $0 + $1.width }
    case .projectGradient(let projection): projection.entry.count
    case .updateParameters(let update): update.layout.parameters.size
    case .walkTower(let walk): walk.layout.size
    case .increment: 1
    case .allReduce(let reduction): reduction.count
    }
  }
}
