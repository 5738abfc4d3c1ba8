/// Writes a tape down once more, each node in the part of it that is read.
struct NarrowedTape {
  private typealias Part = Narrowing.Part

  private let narrowing: Narrowing
  private var source: Tape { narrowing.source }
  private var result = Tape()
  /// The new nodes, each the part of a given one that `narrowing` says.
  private var nodes: [Tape.Index: Tape.Index] = [:]
  /// Parts of given nodes that are read of what is computed of them.
  private var otherParts: [PartKey: Tape.Index] = [:]

  private struct PartKey: Hashable {
    let node: Tape.Index
    let part: [Part]
  }

  static func make(
    _ narrowing: Narrowing, outputs: [Tape.Index], needed: [Bool]
  ) -> (tape: Tape, outputs: [Tape.Index]) {
    var own = NarrowedTape(narrowing)
    // What tables are cut by comes before them.
    let numbers = own.source.neededForValues(of: Array(narrowing.narrowedTables.values))
    for wanted in [numbers, needed] {
      for index in own.source.nodes.indices where wanted[index] && own.nodes[index] == nil {
        own.nodes[index] = own.node(index)
      }
    }
    return (own.result, outputs.map { own.nodes[$0]! })
  }

  private init(_ narrowing: Narrowing) { self.narrowing = narrowing }

  private mutating func node(_ index: Tape.Index) -> Tape.Index {
    let node = source[index]
    let parts = narrowing.parts[index]
    let shape = narrowing.shape(of: index)
    switch node.operation {
    case .detach, .known:
      return part(narrowing.operandParts[index][0], of: node.operands[0])
    case .coordinate(let axis):
      return coordinate(axis, parts[axis], shape: shape)
    case .access(let access):
      return accessed(access, index, shape: shape)
    case .gather where narrowing.narrowedTables[index] != nil:
      let table = part(narrowing.operandParts[index][0], of: node.operands[0])
      return unlessOutside(
        table, narrowing.narrowedTables[index]!,
        rows: source[node.operands[0]].shape[shape.count - 2])
    case .leaf, .fill, .random, .unary, .binary, .select, .broadcast, .reshape, .transpose,
      .reduce, .matrixProduct, .gather, .scatterAdd, .scan, .scanResult, .convolution, .attention,
      .attentionGradient, .attentionResult, .allReduce:
      let operands = zip(node.operands, narrowing.operandParts[index]).map { part($1, of: $0) }
      return result.append(node.operation, operands, shape: shape)
    }
  }

  // MARK: Parts

  /// A part of a given node, of which that much at least is computed.
  private mutating func part(_ wanted: [Part], of index: Tape.Index) -> Tape.Index {
    if wanted == narrowing.parts[index] { return nodes[index]! }
    let key = PartKey(node: index, part: wanted)
    if let known = otherParts[key] { return known }
    let node = constantPart(wanted, of: index) ?? cut(wanted, of: index)
    otherParts[key] = node
    return node
  }

  /// A part of what takes no memory, written down by itself: equal constants are one node, of which each place may read
  /// another part.
  private mutating func constantPart(_ wanted: [Part], of index: Tape.Index) -> Tape.Index? {
    let node = source[index]
    let shape = narrowing.shape(of: index, in: wanted)
    switch node.operation {
    case .fill:
      return result.append(node.operation, shape: shape)
    case .coordinate(let axis):
      return coordinate(axis, wanted[axis], shape: shape)
    case .broadcast:
      let operand = part(
        Narrowing.broadcast(wanted, source[node.operands[0]].shape), of: node.operands[0])
      return result.append(.broadcast, [operand], shape: shape)
    case .unary, .binary, .select:
      guard narrowing.isConstant[index] else { return nil }
      return result.append(
        node.operation, node.operands.map { part(wanted, of: $0) }, shape: shape)
    case .leaf, .random, .reshape, .transpose, .access, .detach, .known, .reduce, .matrixProduct,
      .gather, .scatterAdd, .scan, .scanResult, .convolution, .attention, .attentionGradient,
      .attentionResult, .allReduce:
      return nil
    }
  }

  /// A part of what is computed of a node.
  private mutating func cut(_ wanted: [Part], of index: Tape.Index) -> Tape.Index {
    let own = narrowing.parts[index]
    var node = nodes[index]!
    var shape = result[node].shape
    var indices = shape.indices.map { IndexExpression.axis($0, rank: shape.count) }
    for (axis, part) in wanted.enumerated() {
      guard let range = part.range, own[axis] != part, range.count != shape[axis] else { continue }
      indices[axis].offset = range.lowerBound - (own[axis].range?.lowerBound ?? 0)
      shape[axis] = range.count
    }
    if shape != result[node].shape {
      node = result.append(.access(Access(indices)), [node], shape: shape)
    }
    for (axis, part) in wanted.enumerated() {
      guard case .rows(let numbers) = part, own[axis] != part else { continue }
      node = rows(nodes[numbers]!, of: node, axis: axis)
    }
    return node
  }

  /// The elements along an axis that `numbers` name.
  private mutating func rows(
    _ numbers: Tape.Index, of node: Tape.Index, axis: Int
  ) -> Tape.Index {
    let shape = result[node].shape
    let count = result[numbers].shape.elementCount
    let leading = shape[..<axis].elementCount == 1 ? [] : [shape[..<axis].elementCount]
    let width = shape[(axis + 1)...].elementCount
    let table = reshaped(node, leading + [shape[axis], width])
    let places = broadcast(reshaped(numbers, leading.map { _ in 1 } + [count]), leading + [count])
    let gathered = result.append(
      .gather(isZeroOutside: false), [table, places], shape: leading + [count, width])
    return reshaped(gathered, Shape(shape[..<axis]) + [count] + shape[(axis + 1)...])
  }

  private mutating func reshaped(_ node: Tape.Index, _ shape: Shape) -> Tape.Index {
    result[node].shape == shape ? node : result.append(.reshape, [node], shape: shape)
  }

  private mutating func broadcast(_ node: Tape.Index, _ shape: Shape) -> Tape.Index {
    result[node].shape == shape ? node : result.append(.broadcast, [node], shape: shape)
  }

  // MARK: Nodes of their own

  private mutating func coordinate(_ axis: Int, _ part: Part, shape: Shape) -> Tape.Index {
    switch part {
    case .all:
      return result.append(.coordinate(axis: axis), shape: shape)
    case .range(let range):
      let own = result.append(.coordinate(axis: axis), shape: shape)
      if range.lowerBound == 0 { return own }
      let start = result.append(.fill(Double(range.lowerBound)), shape: shape)
      return result.append(.binary(.add), [own, start], shape: shape)
    case .rows(let numbers):
      var along = shape.map { _ in 1 }
      along[axis] = shape[axis]
      return broadcast(reshaped(nodes[numbers]!, along), shape)
    }
  }

  /// A view of a part, from where the part begins.
  private mutating func accessed(
    _ access: Access, _ index: Tape.Index, shape: Shape
  ) -> Tape.Index {
    let operand = source[index].operands[0]
    let (own, parts) = (narrowing.parts[index], narrowing.parts[operand])
    // Of ranges what there is; the view leaves out the rest.
    let wanted = zip(narrowing.operandParts[index][0], parts).map { wanted, part in
      if case .rows = wanted { wanted } else { part }
    }
    let indices = zip(access.indices, wanted).map { expression, part in
      var shifted = expression
      for (axis, part) in own.enumerated() {
        shifted.offset += expression.coefficients[axis] * (part.range?.lowerBound ?? 0)
      }
      shifted.offset -= expression.divisor * (part.range?.lowerBound ?? 0)
      return shifted
    }
    return result.append(
      .access(Access(indices, outside: access.outside)), [part(wanted, of: operand)], shape: shape)
  }

  /// Rows of a table, NaN where a number is none in 0..<`rows`.
  private mutating func unlessOutside(
    _ node: Tape.Index, _ numbers: Tape.Index, rows: Int
  ) -> Tape.Index {
    let shape = result[node].shape
    var along = shape.map { _ in 1 }
    along[shape.count - 2] = shape[shape.count - 2]
    let number = reshaped(nodes[numbers]!, along)
    func filled(_ value: Double, _ shape: Shape) -> Tape.Index {
      result.append(.fill(value), shape: shape)
    }
    func combined(
      _ operation: BinaryOperation, _ left: Tape.Index, _ right: Tape.Index
    ) -> Tape.Index {
      result.append(.binary(operation), [left, right], shape: along)
    }
    let floor = result.append(.unary(.floor), [number], shape: along)
    let isWhole = combined(.equal, floor, number)
    let isThere = combined(
      .multiply, combined(.less, filled(-1, along), number),
      combined(.less, number, filled(Double(rows), along)))
    let isRow = broadcast(combined(.multiply, isWhole, isThere), shape)
    return result.append(.select, [isRow, node, filled(.nan, shape)], shape: shape)
  }
}
