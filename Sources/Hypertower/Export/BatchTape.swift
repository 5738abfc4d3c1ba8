/// An extent of a tensor in a tape that stands for batches of every size.
enum BatchExtent: Hashable {
  /// The same for every batch.
  case fixed(Int)
  /// So many times the number of samples.
  case batches(Int)

  /// The extent, if it is the same for every batch.
  var fixed: Int? {
    guard case .fixed(let extent) = self else { return nil }
    return extent
  }
}

/// What of a tape some outputs are computed from, for batches of every size: two tapes that the same model has recorded
/// for two of them, node beside node.
///
/// Extents that differ are multiples of the number of samples; nothing else may differ.
struct BatchTape {
  struct Node {
    /// That of the first tape.
    let operation: Tape.Operation
    /// Numbers of nodes of this tape.
    let operands: [Int]
    let shape: [BatchExtent]
    /// A pass of a loop; nil for another operation.
    let body: BatchTape?
    /// The number of the node in each of the two tapes.
    let places: [Tape.Index]
  }

  /// Why two tapes are not one.
  struct Mismatch: Error {
    /// The operation that depends on the number of samples.
    let operation: String
  }

  let nodes: [Node]
  /// The results' nodes.
  let results: [Int]

  /// - Parameters:
  ///   - walks: what two tapes compute.
  ///   - batches: the numbers of samples that they are for, which differ.
  /// - Throws: `Mismatch`.
  init(_ walks: [TapeWalk], batches: [Int]) throws {
    var nodes: [Node] = []
    for places in zip(walks[0].indices, walks[1].indices).map({ [$0, $1] }) {
      let own = zip(walks, places).map { $0.tape[$1] }
      func check(_ isEqual: Bool) throws {
        if !isEqual { throw Mismatch(operation: own[0].operation.name) }
      }
      let operands = zip(walks, places).map { walk, place in
        walk.operands(of: place).map { walk.positions[$0]! }
      }
      try check(operands[0] == operands[1] && own[0].shape.count == own[1].shape.count)
      let operations = zip(walks, places).map { $0.operation(of: $1) }
      let passes = zip(walks, places).compactMap { $0.bodies[$1] }
      var body: BatchTape?
      switch (operations[0], operations[1]) {
      case (.scan(let first), .scan(let second)):
        try check(first.hasSameForm(as: second))
        body = try BatchTape(passes, batches: batches)
      case (.scanResult(.stacked(let first)), .scanResult(.stacked(let second))):
        let loop = nodes[operands[0][0]].body!
        try check(loop.nodes.contains { $0.places == [first, second] })
      // NaN, too, is the same number.
      case (.fill(let first), .fill(let second)):
        try check(first.bitPattern == second.bitPattern)
      case (.access(let first), .access(let second)):
        try check(
          first.indices == second.indices
            && first.outside.bitPattern == second.outside.bitPattern)
      default: try check(operations[0] == operations[1])
      }
      let shape = try zip(own[0].shape, own[1].shape).map { first, second in
        let extent = Self.extent([first, second], batches: batches)
        try check(extent != nil)
        return extent!
      }
      nodes.append(
        Node(
          operation: operations[0], operands: operands[0], shape: shape, body: body,
          places: places))
    }
    let results = walks.map { walk in walk.results.map { walk.positions[$0]! } }
    guard walks[0].indices.count == walks[1].indices.count, results[0] == results[1] else {
      throw Mismatch(operation: nodes.last?.operation.name ?? "input")
    }
    (self.nodes, self.results) = (nodes, results[0])
  }

  /// The node for a node of the first tape.
  func node(at place: Tape.Index) -> Int { nodes.firstIndex { $0.places[0] == place }! }

  private static func extent(_ extents: [Int], batches: [Int]) -> BatchExtent? {
    if extents[0] == extents[1] { return .fixed(extents[0]) }
    let multiple = extents[0] / batches[0]
    return extents == batches.map { $0 * multiple } ? .batches(multiple) : nil
  }
}

extension Scan {
  /// Whether another loop has as many states and inputs, passes and their direction.
  fileprivate func hasSameForm(as other: Scan) -> Bool {
    stateCount == other.stateCount && inputCount == other.inputCount && count == other.count
      && isReversed == other.isReversed
  }
}
