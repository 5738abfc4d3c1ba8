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

  init(_ kind: Kind, _ accesses: [MemoryAccess], rowCount: Int?) {
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
      case .allReduce: fatalError("DeviceWork: programs are divided at sums over shards")
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
