internal import OpenCL

/// A piece of an instruction's work that a device does as one section of a kernel, or that a library
/// does.
struct DeviceWork {
  enum Kind {
    case loopNest(LoopNest)
    /// A product, with the right operand in panels that `pack` made, if it was packed.
    case product(MatrixProduct, panels: Span?)
    /// Brings a product's right operand into panels.
    case pack(MatrixProduct, panels: Span)
    /// A bare product by CLBlast.
    case clblast(MatrixProduct, result: Span)
    /// The epilogue of a product that lies in memory.
    case epilogue(MatrixProduct, product: Span)
    case gatherBatch(BatchGather)
    case increment(Span)
    case projectGradient(GradientProjection)
    case walkTower(TowerWalk)
    case updateParameters(ParameterUpdate)
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
    var result: [DeviceWork] = []
    for instruction in program.instructions {
      func single(_ kind: Kind) -> DeviceWork {
        DeviceWork(kind, instruction.accesses, rowCount: instruction.rowCount)
      }
      switch instruction {
      case .loopNest(let nest):
        result.append(
          DeviceWork(
            .loopNest(nest), instruction.accesses, rowCount: LoopNestCode.rowCount(of: nest)))
      case .matrixProduct(let product):
        result += works(of: product, profile) { Span(buffer: program.addTemporary(count: $0)) }
      case .gatherBatch(let gather): result.append(single(.gatherBatch(gather)))
      case .increment(let counter): result.append(single(.increment(counter)))
      case .projectGradient(let projection): result.append(single(.projectGradient(projection)))
      case .walkTower(let walk): result.append(single(.walkTower(walk)))
      case .updateParameters(let update): result.append(single(.updateParameters(update)))
      }
    }
    return result
  }

  private static func works(
    of product: MatrixProduct, _ profile: DeviceProfile, temporary: (Int) -> Span
  ) -> [DeviceWork] {
    let rowCount = Instruction.matrixProduct(product).rowCount
    switch profile.matrixSchedule {
    // CLBlast refuses empty sums.
    case .clblast where product.inner > 0:
      let count = product.rows * product.columns
      let result = temporary(count)
      return [
        DeviceWork(
          .clblast(product, result: result),
          product.operandAccesses + [MemoryAccess(result, count: count, isWrite: true)],
          rowCount: nil),
        DeviceWork(
          .epilogue(product, product: result),
          product.epilogueAccesses
            + [
              MemoryAccess(result, count: count, isWrite: false, rowStride: product.columns)
            ], rowCount: product.rows),
      ]
    case .registerTile where MatrixProductCode.packsRight(product):
      let count = MatrixProductCode.panelElementCount(product, profile)
      let panels = temporary(count)
      return [
        DeviceWork(
          .pack(product, panels: panels),
          [product.rightAccess, MemoryAccess(panels, count: count, isWrite: true)], rowCount: nil),
        DeviceWork(
          .product(product, panels: panels),
          [product.leftAccess, MemoryAccess(panels, count: count, isWrite: false)]
            + product.epilogueAccesses, rowCount: rowCount),
      ]
    case .registerTile, .localMemoryTile, .clblast:
      return [
        DeviceWork(
          .product(product, panels: nil), product.operandAccesses + product.epilogueAccesses,
          rowCount: rowCount)
      ]
    }
  }

  /// The number of elements that the work goes through, where that is what it costs; nil for others.
  var elementCount: Int? {
    switch kind {
    case .loopNest(let nest): nest.keptShape.elementCount * nest.reducedShape.elementCount
    case .projectGradient(let projection): projection.entry.count
    case .epilogue, .product, .pack, .clblast, .gatherBatch, .increment, .walkTower,
      .updateParameters:
      nil
    }
  }

  /// The floating-point operations of products, which are what takes long.
  var operations: Double {
    guard case .product(let product, _) = kind else { return 0 }
    return 2 * Double(product.rows) * Double(product.inner) * Double(product.columns)
  }

  /// The number of work-items of a work-group; nil if a library chooses.
  func localSize(_ profile: DeviceProfile) -> Int? {
    switch kind {
    case .product:
      profile.matrixSchedule == .localMemoryTile ? MatrixProductCode.localMemoryItems : 1
    case .clblast: nil
    case .pack, .increment: 1
    case .walkTower: profile.towerLanes
    case .loopNest, .epilogue, .gatherBatch, .projectGradient, .updateParameters: profile.lanes
    }
  }
}
