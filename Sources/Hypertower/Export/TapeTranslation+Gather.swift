/// Rows of a table that are chosen by numbers, and rows that are added up by them.
extension TapeTranslation {
  mutating func gathered(_ node: BatchTape.Node, isZeroOutside: Bool) throws -> Value {
    let table = whole(node.operands[0])
    let rank = table.shape.count
    guard let rows = table.shape[rank - 2].fixed else {
      throw Self.unsupported("gather", "the table's rows are samples")
    }
    let chosen = choice(node.operands[1], among: rows, isZeroOutside: isZeroOutside)
    let result: Value
    if chosen.places.shape.dropLast().allSatisfy({ $0 == .fixed(1) }) {
      // The same rows of all tables.
      let places = reshaped(chosen.places, to: [chosen.places.shape[rank - 2]])
      let name = add(
        "Gather", [table.name, places.name], [("axis", .integer(rank - 2))])
      result = Value(name: name, shape: node.shape)
    } else {
      let indices = tape.nodes[node.operands[1]].shape
      let places = reshaped(
        expanded(chosen.places, to: indices), to: indices + [.fixed(1)])
      let name = add(
        "GatherND", [table.name, places.name], [("batch_dims", .integer(rank - 2))])
      result = Value(name: name, shape: node.shape)
    }
    guard let isThere = chosen.isThere else { return result }
    let condition = add("Unsqueeze", [isThere.name, names.integers([-1])])
    let other = names.numbers([isZeroOutside ? 0 : .nan], [1])
    return Value(name: add("Where", [condition, result.name, other]), shape: node.shape)
  }

  /// Rows added to those of a table of zeros; what has no row there is added as 0.
  mutating func scattered(_ node: BatchTape.Node) throws -> Value {
    let rank = node.shape.count
    guard let rows = node.shape[rank - 2].fixed else {
      throw Self.unsupported("scatterAdd", "the table's rows are samples")
    }
    let own = whole(node.operands[0])
    let chosen = choice(node.operands[1], among: rows, isZeroOutside: true)
    func column(_ value: Value) -> Value {
      let name = add("Unsqueeze", [value.name, names.integers([-1])])
      return Value(name: name, shape: value.shape + [.fixed(1)], type: value.type)
    }
    let addends = add(
      "Where", [column(chosen.isThere!).name, own.name, names.numbers([0], [])])
    let places = expanded(column(chosen.places), to: own.shape)
    let zeros = expanded(
      Value(name: names.numbers([0], []), shape: []), to: node.shape)
    return Value(
      name: add(
        "ScatterElements", [zeros.name, places.name, addends],
        [("axis", .integer(rank - 2)), ("reduction", .string("add"))]), shape: node.shape)
  }

  /// The numbers of rows, and where these are of rows that there are.
  ///
  /// The model's tokens are as they are given, and a reader refuses those that are too great.
  private mutating func choice(
    _ index: Int, among rows: Int, isZeroOutside: Bool
  ) -> (places: Value, isThere: Value?) {
    let own = value(index)
    if own.type == .int64 && !isZeroOutside { return (own, nil) }
    let places = number(index)
    func shaped(_ name: String, _ type: ONNXGraph.ElementType = .bool) -> Value {
      Value(name: name, shape: places.shape, type: type)
    }
    let zero = names.numbers([0], [])
    let isWhole = add("Equal", [places.name, add("Floor", [places.name])])
    let isBelow = add("Less", [places.name, names.numbers([Float(rows)], [])])
    let isNegative = add("Less", [places.name, zero])
    let isInside = add("And", [isBelow, add("Not", [isNegative])])
    let isThere = shaped(add("And", [isWhole, isInside]))
    let safe = shaped(add("Where", [isThere.name, places.name, zero]), .float)
    return (cast(safe, to: .int64), isThere)
  }
}
