/// How a product is divided into works.
extension DeviceWork {
  /// The works of a product, in their order.
  ///
  /// - Parameters:
  ///   - product: the product.
  ///   - skipsZeros: whether zeros of its left operand are looked for.
  ///   - batch: where the left operand lies in a data set; nil: it is no batch.
  ///   - profile: the device's.
  ///   - temporary: memory for so many numbers.
  static func works(
    of product: MatrixProduct, skipsZeros: Bool, batch: BatchInPlace?,
    _ profile: DeviceProfile, temporary: (Int) -> Span
  ) -> [DeviceWork] {
    // What tuning finds it finds for products that leave nothing out.
    let schedule =
      skipsZeros ? DeviceProfile.defaultTiles(product) : profile.schedule(for: product)
    /// A product without its epilogue, which leaves `parts` matrices in memory, and the epilogue.
    func inMemory(parts: Int, _ kind: (Span) -> Kind) -> [DeviceWork] {
      let count = parts * product.allRows * product.columns
      let result = temporary(count)
      return [
        DeviceWork(
          kind(result),
          product.operandAccesses + [MemoryAccess(result, count: count, isWrite: true)],
          rowCount: nil),
        DeviceWork(
          .epilogue(product, product: result, parts: parts),
          product.epilogueAccesses
            + [
              MemoryAccess(
                result, count: count, isWrite: false, rowStride: parts == 1 ? product.columns : nil)
            ], rowCount: product.matrices == 1 ? product.rows : nil),
      ]
    }
    switch schedule {
    case .clblast:
      return inMemory(parts: 1) { .clblast(product, result: $0) }
    case .tiles(let prefetchTerms, let packsLeft, let packsRight):
      let tile = skipsZeros ? profile.registerTile.sparse : profile.tile(of: product)
      var works: [DeviceWork] = []
      /// The panels of a packed operand and the access to them.
      func pack(
        _ operand: MatrixProduct.Operand, _ access: MemoryAccess, across: Int, panel: Int,
        isTransposed: Bool
      ) -> (panels: Span, access: MemoryAccess) {
        var packing = MatrixPacking(
          source: operand.span, isTransposed: isTransposed, inner: product.inner,
          columns: across, matrices: product.matrices, panel: panel, panels: Span(buffer: 0))
        packing.panels = temporary(packing.elementCount)
        let count = packing.elementCount
        // Of several matrices, each is packed by itself.
        let rowStride = product.matrices == 1 ? nil : count / product.matrices
        works.append(
          DeviceWork(
            .pack(packing),
            [
              access,
              MemoryAccess(packing.panels, count: count, isWrite: true, rowStride: rowStride),
            ], rowCount: rowStride == nil ? nil : product.matrices))
        return (
          packing.panels,
          MemoryAccess(packing.panels, count: count, isWrite: false, rowStride: rowStride)
        )
      }
      func leftOperand() -> (LeftOperand, accesses: [MemoryAccess]) {
        if let batch { return (.batch(batch), batch.accesses) }
        guard packsLeft, product.left.view == nil else { return (.matrix, [product.leftAccess]) }
        let packed = pack(
          product.left, product.leftAccess, across: product.rows, panel: tile.rows,
          isTransposed: !product.left.isTransposed)
        return (.panels(packed.panels), [packed.access])
      }
      let (left, leftAccesses) = leftOperand()
      let right =
        packsRight
        ? pack(
          product.right, product.rightAccess, across: product.columns,
          panel: MatrixProductCode.panelWidth(product, tile, profile),
          isTransposed: product.right.isTransposed) : nil
      let count = product.allRows * product.columns
      let parts = DeviceProfile.parts(of: product)
      if parts > 1 {
        let sums = inMemory(parts: parts) {
          .product(
            product,
            TilePass(
              left: left, right: right?.panels, tile: tile, skipsZeros: false,
              prefetchTerms: prefetchTerms, terms: 0..<product.inner, partial: $0, parts: parts))
        }
        let accesses = leftAccesses + [right?.access ?? product.rightAccess]
        return works + [
          DeviceWork(
            sums[0].kind, accesses + sums[0].accesses.filter(\.isWrite), rowCount: nil), sums[1],
        ]
      }
      let passes = MatrixProductCode.passes(
        product, isLeftPacked: left.isPacked, skipsZeros: skipsZeros)
      let partial = passes.count > 1 ? temporary(count) : nil
      for terms in passes {
        let isLast = terms.upperBound == product.inner
        let pass = TilePass(
          left: left, right: right?.panels, tile: tile, skipsZeros: skipsZeros,
          prefetchTerms: prefetchTerms, terms: terms, partial: partial)
        let totals = partial.map {
          [MemoryAccess($0, count: count, isWrite: !isLast)]
        }
        works.append(
          DeviceWork(
            .product(product, pass),
            leftAccesses + [right?.access ?? product.rightAccess]
              + (totals ?? []) + (isLast ? product.epilogueAccesses : []),
            rowCount: partial == nil && (product.left.view == nil || product.matrices > 1)
              ? product.rowCount : nil))
      }
      return works
    case .localMemory(let tile, let perItem, let splits):
      if splits, product.blockCount > 1 {
        let blocks = profile.partBlocks(of: product, tile: tile)
        return inMemory(parts: (product.blockCount + blocks - 1) / blocks) {
          .localMemoryProduct(
            product, tile: tile, perItem: perItem, parts: $0, partBlocks: blocks)
        }
      }
      return [
        DeviceWork(
          .localMemoryProduct(
            product, tile: tile, perItem: perItem, parts: nil, partBlocks: 1),
          product.operandAccesses + product.epilogueAccesses,
          rowCount: tile == DeviceProfile.blockRows && product.matrices == 1 ? product.rows : nil)
      ]
    }
  }
}
