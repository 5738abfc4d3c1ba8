extension Instruction {
  /// The same instruction on other memory.
  ///
  /// - Precondition: a loop nest, a product, a scatter or attention, as the bodies of loops consist of.
  func mappingSpans(_ mapped: (Span) -> Span) -> Instruction {
    switch self {
    case .loopNest(var nest):
      nest.inputs = nest.inputs.map { input in
        switch input {
        case .load(let span, let strides): .load(mapped(span), strides: strides)
        case .boundedLoad(let load):
          .boundedLoad(BoundedLoad(span: mapped(load.span), axes: load.axes, bounds: load.bounds))
        case .indirectLoad(let load): .indirectLoad(load.mappingSpans(mapped))
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
    case .scatterAdd(var scatter):
      scatter.values = mapped(scatter.values)
      scatter.indices = mapped(scatter.indices)
      scatter.result = mapped(scatter.result)
      return .scatterAdd(scatter)
    case .attention(let attention): return .attention(attention.mappingSpans(mapped))
    case .attentionGradient(let gradient): return .attentionGradient(gradient.mappingSpans(mapped))
    case .gatherBatch, .increment, .projectGradient, .walkTower, .updateParameters, .loop,
      .allReduce:
      fatalError("Instruction: loops consist of loop nests, products, scatters and attention")
    }
  }
}
