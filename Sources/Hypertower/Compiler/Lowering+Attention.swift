extension Lowering {
  /// Attention or its gradient, the first member, with the further results that are members, too.
  ///
  /// - Parameter program: gets memory for those that nothing reads.
  func attention(
    _ members: [Tape.Index], _ group: Int, into program: inout Program
  ) -> Instruction {
    let node = tape[members[0]]
    let shapes = node.operands.map { tape[$0].shape }
    func count(_ shape: Shape, _ axis: Int) -> Int { shape[shape.count + axis] }
    func memory(_ result: Attention.Result, _ shape: Shape) -> Span {
      let member = members.dropFirst().first { tape[$0].operation == .attentionResult(result) }
      return member.map { spans[$0]! }
        ?? Span(buffer: program.addTemporary(count: shape.elementCount))
    }
    func rows(_ operand: Int) -> BlockwiseAttention.Rows {
      guard let view = schedule.rowView(of: node.operands[operand], before: group) else {
        fatalError("Lowering: operand \(node.operands[operand]) was not stored by rows")
      }
      return BlockwiseAttention.Rows(
        span: spans[view.source]!.advanced(by: view.offset), matrices: view.matrices,
        rowStride: view.rowStride, rows: count(shapes[operand], -2),
        columns: count(shapes[operand], -1))
    }
    func source(_ operand: Int) -> Span {
      spans[schedule.contiguousSource(of: node.operands[operand], before: group)!]!
    }
    func sizes(_ attention: Attention) -> BlockwiseAttention.Sizes {
      BlockwiseAttention.Sizes(
        matrices: shapes[0].dropLast(2).elementCount, queries: count(shapes[0], -2),
        keys: count(shapes[1], -2), width: count(shapes[0], -1), depth: count(shapes[2], -1),
        attention: attention)
    }
    let own = spans[members[0]]!
    switch node.operation {
    case .attention(let attention):
      return .attention(
        BlockwiseAttention(
          sizes: sizes(attention), queries: rows(0), keys: rows(1), values: rows(2), means: own,
          logSums: memory(.logSums, Shape(shapes[0].dropLast()))))
    case .attentionGradient(let attention):
      return .attentionGradient(
        BlockwiseAttentionGradient(
          attention: BlockwiseAttention(
            sizes: sizes(attention), queries: rows(0), keys: rows(1), values: rows(2),
            means: source(3), logSums: source(4)),
          cotangent: rows(5), ofQueries: own, ofKeys: memory(.keys, shapes[1]),
          ofValues: memory(.values, shapes[2])))
    default: fatalError("Lowering: \(node.operation) is no attention")
    }
  }
}
