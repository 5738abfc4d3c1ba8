extension Instruction {
  /// The same instruction on other memory.
  ///
  /// - Precondition: a loop nest or a product, as the bodies of loops consist of.
  func mappingSpans(_ mapped: (Span) -> Span) -> Instruction {
    switch self {
    case .loopNest(var nest):
      nest.inputs = nest.inputs.map { input in
        switch input {
        case .load(let span, let strides): .load(mapped(span), strides: strides)
        case .boundedLoad(let load):
          .boundedLoad(BoundedLoad(span: mapped(load.span), axes: load.axes, bounds: load.bounds))
        case .random, .inside, .coordinate, .reduction: input
        }
      }
      nest.outputs = nest.outputs.map {
        .init(node: $0.node, span: mapped($0.span), isFull: $0.isFull, stage: $0.stage)
      }
      return .loopNest(nest)
    case .matrixProduct(var product):
      product.left.span = mapped(product.left.span)
      product.right.span = mapped(product.right.span)
      for load in product.loads.indices {
        product.loads[load].span = mapped(product.loads[load].span)
      }
      product.outputs = product.outputs.map { .init(node: $0.node, span: mapped($0.span)) }
      return .matrixProduct(product)
    case .gatherBatch, .increment, .projectGradient, .walkTower, .updateParameters, .loop:
      fatalError("Instruction: loops consist of loop nests and products")
    }
  }
}
