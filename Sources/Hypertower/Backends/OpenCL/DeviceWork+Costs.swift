/// What work costs.
extension DeviceWork {
  /// Whether it computes products, of which each row that it can be cut into is a whole one; nil if it computes none.
  var rowsAreProducts: Bool? {
    switch kind {
    case .product(let product, _), .localMemoryProduct(let product, _, _, _, _):
      product.matrices > 1
    case .clblast: false
    case .loopNest, .pack, .epilogue, .scatterAdd, .attention, .attentionGradient, .gatherBatch,
      .increment, .projectGradient, .walkTower, .updateParameters, .loop, .rowLoop:
      nil
    }
  }

  /// The number of elements that the work goes through, where that is what it costs; nil for others.
  var elementCount: Int? {
    switch kind {
    case .loopNest(let nest): nest.keptShape.elementCount * nest.reducedShape.elementCount
    case .projectGradient(let projection): projection.entry.count
    case .scatterAdd(let scatter):
      scatter.matrices * (scatter.rows + scatter.count) * scatter.width
    case .epilogue, .product, .localMemoryProduct, .pack, .clblast, .attention, .attentionGradient,
      .gatherBatch, .increment, .walkTower, .updateParameters, .loop, .rowLoop:
      nil
    }
  }

  /// What a row costs a work-group of several work-items, in multiply-adds of a product; an element of
  /// other work is many, for memory is far. nil for work that has no rows.
  var rowCost: Int? {
    let elementCost = 16
    return switch kind {
    case .localMemoryProduct(let product, let tile, _, _, _):
      product.inner * ((product.columns + tile - 1) / tile * tile)
    case .loopNest(let nest):
      elementCost * nest.keptShape.dropFirst().reduce(1, *) * nest.reducedShape.elementCount
    case .epilogue(let product, _, let parts): elementCost * parts * product.columns
    case .projectGradient(let projection): elementCost * projection.entry.rowLength
    case .gatherBatch(let gather, _): elementCost * gather.sources.map(\.width).reduce(0, +)
    case .product, .pack, .clblast, .scatterAdd, .attention, .attentionGradient, .increment,
      .walkTower, .updateParameters, .loop, .rowLoop:
      nil
    }
  }

  /// The floating-point operations of products, which are what takes long.
  var operations: Double {
    func operations(_ product: MatrixProduct, terms: Int) -> Double {
      2 * Double(product.allRows) * Double(terms) * Double(product.columns)
    }
    return switch kind {
    case .product(let product, let pass): operations(product, terms: pass.terms.count)
    case .localMemoryProduct(let product, _, _, _, _): operations(product, terms: product.inner)
    case .clblast(let product, _): operations(product, terms: product.inner)
    case .loop(let works, let count), .rowLoop(let works, let count):
      Double(count) * works.reduce(0) { $0 + $1.operations }
    case .attention(let attention): attention.operations
    case .attentionGradient(let gradient, let share): gradient.operations(of: share)
    case .loopNest, .pack, .epilogue, .scatterAdd, .gatherBatch, .increment, .projectGradient,
      .walkTower, .updateParameters:
      0
    }
  }
}
