/// Matrix products with their operands and epilogues.
extension Lowering {
  func product(_ members: [Tape.Index], _ group: Int) -> MatrixProduct {
    let node = tape[members[0]]
    guard case .matrixProduct(let transposeLeft, let transposeRight) = node.operation else {
      fatalError("Lowering: \(node.operation) is no matrix product")
    }
    let leftShape = Shape(tape[node.operands[0]].shape.suffix(2))
    let shape = node.shape
    let right = schedule.contiguousSource(of: node.operands[1], before: group)!
    var product = MatrixProduct(
      rows: shape[shape.count - 2], columns: shape[shape.count - 1],
      inner: transposeLeft ? leftShape[0] : leftShape[1],
      left: leftOperand(node.operands[0], isTransposed: transposeLeft, group),
      right: .init(span: spans[right]!, isTransposed: transposeRight))
    product.matrices = shape.dropLast(2).elementCount

    var emitter = Emitter(
      tape: tape, schedule: schedule, spans: spans, counters: counters, group: group,
      space: node.shape)
    emitter.preset(
      members[0], IndexMap(identityOn: node.shape), input: MatrixProduct.productInput)
    emitter.inputCount = 1
    for member in members where schedule.stored.contains(member) {
      let result = emitter.emit(member, IndexMap(identityOn: tape[member].shape))
      product.outputs.append(.init(node: result, span: spans[member]!))
    }
    product.epilogue = emitter.graph
    product.loads = emitter.inputs.map { input in
      switch input {
      case .load(let span, let strides):
        MatrixProduct.Load(
          span: span, rows: .init(shape.dropLast(), strides: strides.dropLast()),
          columnStride: strides[strides.count - 1])
      case .boundedLoad, .indirectLoad, .random, .inside, .coordinate, .reduction:
        fatalError("Lowering: \(input) in a product's epilogue")
      }
    }
    return product
  }

  private func leftOperand(
    _ index: Tape.Index, isTransposed: Bool, _ group: Int
  ) -> MatrixProduct.Operand {
    if let source = schedule.contiguousSource(of: index, before: group) {
      return .init(span: spans[source]!, isTransposed: isTransposed)
    }
    guard case .view(let view) = schedule.operandSource(of: index, before: group) else {
      fatalError("Lowering: operand \(index) was not stored")
    }
    let (rows, terms) = isTransposed ? (view.inner, view.outer) : (view.outer, view.inner)
    return .init(
      span: spans[view.source]!.advanced(by: view.offset),
      view: MatrixView(
        matrices: view.matrices, rows: rows, terms: terms, zeros: isTransposed ? nil : view.zeros))
  }
}
