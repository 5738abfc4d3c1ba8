/// Attention, by the weights of all pairs of queries and keys.
extension TapeTranslation {
  mutating func attention(_ attention: Attention, _ node: BatchTape.Node) throws -> Value {
    let rank = node.shape.count
    let operands = node.operands.map { whole($0) }
    let (queries, keys, values) = (operands[0], operands[1], operands[2])
    let swapped = transposed(keys, Array(0..<rank - 2) + [rank - 1, rank - 2])
    let products = add("MatMul", [queries.name, swapped.name])
    var scores = add("Mul", [products, names.numbers([Float(attention.scale)], [])])
    if attention.isCausal {
      guard let time = queries.shape[rank - 2].fixed, let places = keys.shape[rank - 2].fixed
      else { throw Self.unsupported("attention", "its queries are samples") }
      let isLater = add(
        "Less",
        [
          names.numbers((0..<time).map { Float($0) }, [time, 1]),
          names.numbers((0..<places).map { Float($0) }, [1, places]),
        ])
      scores = add("Where", [isLater, names.numbers([-.infinity], []), scores])
    }
    let weights = add("Softmax", [scores], [("axis", .integer(-1))])
    return Value(name: add("MatMul", [weights, values.name]), shape: node.shape)
  }
}
