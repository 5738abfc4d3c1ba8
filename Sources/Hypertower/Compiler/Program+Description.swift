/// What a program consists of, for people.
extension Program: CustomStringConvertible {
  /// The buffers, and a paragraph for each instruction: what it is, the buffers it reads → those it writes, and the
  /// formulas of its elements.
  package var description: String {
    let memory = buffers.enumerated().map { number, buffer in
      "b\(number) \(buffer.type)[\(buffer.count)]" + (buffer.isTemporary ? " temporary" : "")
    }
    return (memory + instructions.enumerated().flatMap { $1.lines("\($0 + 1) ") })
      .joined(separator: "\n")
  }
}

extension Instruction {
  /// The instruction in lines, of which the first begins with `number` and the others are indented.
  fileprivate func lines(_ number: String) -> [String] {
    ["\(number)\(heading): \(transfer)"] + details.map { "    \($0)" }
  }

  /// The buffers that are read → those that are written.
  private var transfer: String {
    func names(_ accesses: [MemoryAccess]) -> String {
      Set(accesses.map(\.buffer)).sorted().map { "b\($0)" }.joined(separator: ", ")
    }
    let accesses = accesses
    return names(accesses.filter { !$0.isWrite }) + " → " + names(accesses.filter(\.isWrite))
  }

  private var heading: String {
    switch self {
    case .loopNest(let nest):
      nest.reducedShape.isEmpty
        ? "each of \(nest.keptShape)" : "each of \(nest.keptShape), over \(nest.reducedShape)"
    case .matrixProduct(let product): "product \(product.label)"
    case .scatterAdd(let scatter): "sums of rows \(scatter.label)"
    case .attention(let attention): "attention of \(attention.sizes.text)"
    case .attentionGradient(let gradient): "attention's gradient of \(gradient.sizes.text)"
    case .gatherBatch(let gather): "batch of \(gather.batchSize)"
    case .increment: "next step"
    case .projectGradient(let projection): "hypergradient by '\(projection.entry.name)'"
    case .walkTower(let walk): "tower of \(walk.layout.levels.count) levels"
    case .updateParameters(let update): "step of \(update.layout.levels[0].rule.name)"
    case .loop(let loop): "\(loop.count) passes"
    case .allReduce(let reduction): "sum over shards of \(reduction.count)"
    }
  }

  private var details: [String] {
    switch self {
    case .loopNest(let nest): nest.formulas
    case .matrixProduct(let product): product.formulas
    case .loop(let loop): loop.body.flatMap { $0.lines("") }
    case .scatterAdd, .attention, .attentionGradient, .gatherBatch, .increment, .projectGradient,
      .walkTower, .updateParameters, .allReduce:
      []
    }
  }
}

extension BlockwiseAttention.Sizes {
  fileprivate var text: String {
    "\(matrices) × [\(queries), \(width)] to [\(keys), \(width)], values of \(depth)"
  }
}

extension LoopNest {
  /// Its numbers r0, r1, … are reductions; i0, i1, … are the indices of all dimensions.
  fileprivate var formulas: [String] {
    let names =
      reductions.enumerated().map { ("r\($0)", $1.value) }
      + outputs.map { ($0.span.text(), $0.node) }
    return graph.assignments(names.map { (name: $0, node: $1) }) { inputs[$0].text }
      .map { line in
        guard let number = reductions.indices.first(where: { line.hasPrefix("r\($0) = ") })
        else { return line }
        let head = "r\(number) = "
        return head + "\(reductions[number].kind) of " + line.dropFirst(head.count)
      }
  }
}

extension LoopNest.Input {
  fileprivate var text: String {
    switch self {
    case .load(let span, let strides):
      span.text(IndexExpression(coefficients: strides))
    case .boundedLoad(let load):
      span(load.span, load.axes.map { $0.index.text() })
    case .indirectLoad(let load):
      "\(load.table.text(IndexExpression(coefficients: load.strides)))"
        + " of row \(load.number.text(IndexExpression(coefficients: load.numberStrides)))"
    case .random(let random): "random(\(random.call), \(random.index.text()))"
    case .inside(let bounds):
      "inside(\(bounds.map { "\($0.index.text()) < \($0.extent)" }.joined(separator: ", ")))"
    case .coordinate(let dimension): "i\(dimension)"
    case .reduction(let number): "r\(number)"
    }
  }

  private func span(_ span: Span, _ indices: [String]) -> String {
    "\(span.text())[\(indices.joined(separator: ", "))]"
  }
}

extension MatrixProduct {
  /// What becomes of the product's elements, where that is more than storing them.
  fileprivate var formulas: [String] {
    let isPlain =
      loads.isEmpty && outputs.count == 1 && epilogue.nodes[outputs[0].node] == .input(0)
    guard !isPlain else { return [] }
    return epilogue.assignments(outputs.map { (name: $0.span.text(), node: $0.node) }) { number in
      number == Self.productInput ? "product" : loads[number - 1].span.text()
    }
  }
}

extension Span {
  /// The buffer, from the offset on.
  fileprivate func text() -> String { offset == 0 ? "b\(buffer)" : "b\(buffer)+\(offset)" }

  /// The element at an index.
  fileprivate func text(_ index: IndexExpression) -> String {
    var index = index
    index.offset += offset
    return "b\(buffer)[\(index.text())]"
  }
}
