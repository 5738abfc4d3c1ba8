/// A piece of an instruction's work that a device does as one section of a kernel, or that a library
/// does.
struct DeviceWork {
  enum Kind {
    case loopNest(LoopNest)
    /// A product by local memory tiles, or its parts, which are still to be added.
    case localMemoryProduct(
      MatrixProduct, tile: Int, perItem: Int, parts: Span?, partBlocks: Int)
    /// A product by register tiles, or one pass of it.
    case product(MatrixProduct, TilePass)
    /// Brings an operand of a product into panels.
    case pack(MatrixPacking)
    /// A bare product by CLBlast.
    case clblast(MatrixProduct, result: Span)
    /// The epilogue of a product that lies in memory, in so many parts.
    case epilogue(MatrixProduct, product: Span, parts: Int)
    /// Adds rows up.
    case scatterAdd(ScatterAdd)
    case attention(BlockwiseAttention)
    /// What attention sends back, or a share of it.
    case attentionGradient(BlockwiseAttentionGradient, BlockwiseAttentionGradient.Share)
    /// Copies a batch and writes which samples it has to `numbers`, if anything wants to know.
    case gatherBatch(BatchGather, numbers: Span?)
    case increment(Span)
    case projectGradient(GradientProjection)
    case walkTower(TowerWalk)
    case updateParameters(ParameterUpdate)
    /// The work of a loop's body, and how often.
    case loop([DeviceWork], count: Int)
    /// The same where work-groups take blocks of rows through all passes.
    case rowLoop([DeviceWork], count: Int)
  }

  /// Some terms of a product by register tiles.
  struct TilePass {
    let left: LeftOperand
    /// The right operand in panels of tile columns, if it was packed.
    let right: Span?
    /// The size of tiles.
    let tile: RegisterTile.Size
    /// Whether terms that are zeros in all of a tile's rows are left out.
    let skipsZeros: Bool
    /// How many terms ahead memory is asked for.
    let prefetchTerms: Int
    let terms: Range<Int>
    /// Where totals lie between passes, if there are several, or of parts.
    let partial: Span?
    /// How many parts the terms are done in side by side.
    var parts = 1

    /// The number of terms of a part, whole blocks.
    var partTerms: Int {
      let blocks = (terms.count + MatrixProduct.blockSize - 1) / MatrixProduct.blockSize
      return parts == 1
        ? terms.count : (blocks + parts - 1) / parts * MatrixProduct.blockSize
    }
  }

  /// Where the left operand of a product by register tiles is read.
  enum LeftOperand {
    /// Where the product has it.
    case matrix
    /// In panels of tile rows, into which it was packed.
    case panels(Span)
    /// In a data set.
    case batch(BatchInPlace)

    var isPacked: Bool {
      guard case .panels = self else { return false }
      return true
    }
  }

  let kind: Kind
  let accesses: [MemoryAccess]
  /// The number of rows that the work can be cut into; nil if it cannot.
  let rowCount: Int?

  private init(_ kind: Kind, _ accesses: [MemoryAccess], rowCount: Int?) {
    self.kind = kind
    self.accesses = accesses
    self.rowCount = rowCount
  }

  /// The work of a program's instructions, in their order.
  ///
  /// - Parameter program: gets temporary buffers for what the work needs besides.
  static func all(of program: inout Program, _ profile: DeviceProfile) -> [DeviceWork] {
    all(of: program.instructions, in: &program, profile)
  }

  private static func all(
    of instructions: [Instruction], in program: inout Program, _ profile: DeviceProfile
  ) -> [DeviceWork] {
    var result: [DeviceWork] = []
    var batches: [BatchInPlace] = []
    for instruction in instructions {
      func single(_ kind: Kind) -> DeviceWork {
        DeviceWork(kind, instruction.accesses, rowCount: instruction.rowCount)
      }
      switch instruction {
      case .loopNest(let nest):
        result.append(
          DeviceWork(
            .loopNest(nest), instruction.accesses,
            rowCount: LoopNestCode.rowCount(of: nest, profile)))
      case .matrixProduct(let product):
        result += works(
          of: product, skipsZeros: profile.skipsZeros(of: product, in: program),
          batch: product.matrices == 1 && product.left.view == nil
            ? batches.first { $0.source.to == product.left.span } : nil, profile
        ) { Span(buffer: program.addTemporary(count: $0)) }
      case .gatherBatch(let gather):
        let (copied, inPlace) = program.split(gather, profile)
        guard !inPlace.isEmpty else {
          result.append(single(.gatherBatch(gather, numbers: nil)))
          continue
        }
        let numbers = Span(buffer: program.addTemporary(.int32, count: gather.batchSize))
        batches += inPlace.map { BatchInPlace(source: $0, of: gather, numbers: numbers) }
        // Not cut into rows: a block of rows asks for the samples of the next one, too.
        result.append(
          DeviceWork(
            .gatherBatch(copied, numbers: numbers),
            copied.accesses + [MemoryAccess(numbers, count: gather.batchSize, isWrite: true)],
            rowCount: nil))
      case .scatterAdd(let scatter): result.append(single(.scatterAdd(scatter)))
      case .attention(let attention): result.append(single(.attention(attention)))
      case .attentionGradient(let gradient):
        for share in AttentionCode.shares(profile) {
          result.append(
            DeviceWork(
              .attentionGradient(gradient, share), gradient.accesses(of: share), rowCount: nil))
        }
      case .increment(let counter): result.append(single(.increment(counter)))
      case .projectGradient(let projection): result.append(single(.projectGradient(projection)))
      case .walkTower(let walk): result.append(single(.walkTower(walk)))
      case .updateParameters(let update): result.append(single(.updateParameters(update)))
      case .loop(let loop):
        let works = all(of: loop.body, in: &program, profile)
        // What is packed alike in every pass is packed once.
        let written = works.flatMap(\.accesses).filter(\.isWrite)
        func isInvariant(_ work: DeviceWork) -> Bool {
          guard case .pack(let packing) = work.kind, packing.source.step == 0 else { return false }
          return !work.accesses.contains { access in
            !access.isWrite && written.contains { $0.conflicts(with: access) }
          }
        }
        result += works.filter(isInvariant)
        let inside = works.filter { !isInvariant($0) }
        let goesRowByRow = program.fuses && goRowByRow(inside, count: loop.count, profile)
        result.append(
          DeviceWork(
            goesRowByRow
              ? .rowLoop(inside, count: loop.count) : .loop(inside, count: loop.count),
            inside.flatMap(\.accesses).map { $0.spread(over: loop.count) }, rowCount: nil))
      }
    }
    return result
  }

  private static func works(
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

  /// The buffers that the work's section takes as arguments.
  var buffers: Set<Int> { Set(accesses.map(\.buffer)) }

  /// The number of arguments of the work's section besides buffers: numbers and tables.
  var otherArgumentCount: Int {
    switch kind {
    case .loopNest, .localMemoryProduct, .product, .pack, .clblast, .epilogue, .scatterAdd,
      .attention, .attentionGradient, .gatherBatch, .increment, .loop, .rowLoop:
      0
    case .projectGradient: 1
    case .updateParameters: 2
    case .walkTower: 8
    }
  }

  /// The number of work-items of a work-group; nil if a library chooses.
  func localSize(_ profile: DeviceProfile) -> Int? {
    switch kind {
    case .clblast, .loop: nil
    case .product, .pack: 1
    case .localMemoryProduct, .loopNest, .epilogue, .scatterAdd, .attention, .attentionGradient,
      .gatherBatch, .increment, .projectGradient, .walkTower, .updateParameters, .rowLoop:
      profile.groupSize
    }
  }
}
