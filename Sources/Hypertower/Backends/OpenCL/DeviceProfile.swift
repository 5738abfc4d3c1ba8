internal import OpenCL

/// How kernels are laid out for a kind of device.
package struct DeviceProfile: Sendable, Equatable {
  /// The number of elements that a work-item computes side by side: 16 or 1.
  let width: Int
  /// The number of work-items that share a row or a block.
  let lanes: Int
  /// The number of work-items that walk the tower.
  let towerLanes: Int
  /// The number of work-groups that keep the device busy.
  let workGroups: Int
  let matrixSchedule: MatrixSchedule
  /// Whether a work-group takes blocks of rows through several layers.
  var cutsRows: Bool
  /// Whether one launch goes through phases one after another, in which work-groups wait for one
  /// another.
  var joinsPhases: Bool
  /// The number of work-groups that run at the same time.
  var computeUnits = 2
  /// What was found to be faster than the defaults.
  var choices = TuningChoices()

  /// Which kernel multiplies matrices.
  enum MatrixSchedule: Sendable, Equatable {
    /// A register tile for each work-item, with vectors along rows.
    case registerTile
    /// Tiles in local memory shared by work-groups.
    case localMemoryTile
    /// CLBlast's, followed by a loop nest for the epilogue.
    case clblast
  }

  /// The height of register tiles, in rows, from which on they are efficient.
  static let leastTileRows = 8
  /// The number of elements of a right operand that every core can keep in a cache of its own.
  static let largestSharedOperand = 1 << 18

  /// The number of floating-point operations of a replay up to which phases are joined.
  static let mostJoinedOperations = 1e9

  /// For devices whose work-items have vector registers of their own.
  package static let cpu = DeviceProfile(
    width: 16, lanes: 1, towerLanes: 1, workGroups: 64, matrixSchedule: .registerTile,
    cutsRows: true, joinsPhases: true)
  /// For devices whose work-items are the elements of vectors.
  package static let gpu = DeviceProfile(
    width: 1, lanes: 64, towerLanes: 32, workGroups: 1024, matrixSchedule: .localMemoryTile,
    cutsRows: false, joinsPhases: false)
  /// As `cpu`, with CLBlast's matrix products.
  package static let cpuWithCLBlast = DeviceProfile(
    width: 16, lanes: 1, towerLanes: 1, workGroups: 64, matrixSchedule: .clblast, cutsRows: true,
    joinsPhases: true)

  init(
    width: Int, lanes: Int, towerLanes: Int, workGroups: Int, matrixSchedule: MatrixSchedule,
    cutsRows: Bool, joinsPhases: Bool
  ) {
    self.width = width
    self.lanes = lanes
    self.towerLanes = towerLanes
    self.workGroups = workGroups
    self.matrixSchedule = matrixSchedule
    self.cutsRows = cutsRows
    self.joinsPhases = joinsPhases
  }

  init(for device: OpenCL.Device) {
    self =
      switch device.kind {
      case .cpu: .cpu
      case .gpu, .accelerator, .other: .gpu
      }
    computeUnits = device.computeUnits
  }

  /// The height of register tiles for so many rows, which is that of blocks of rows.
  func tileRows(for rows: Int) -> Int {
    if let chosen = choices.tileRows[rows], 1...Swift.min(Self.greatestTileRows, rows) ~= chosen {
      return chosen
    }
    // The one that keeps all cores busy the shortest. A step of a tile costs its rows and about two
    // loads; a rest of rows at the end is a second kernel to build.
    func cost(_ height: Int) -> Int {
      let tiles = (rows + height - 1) / height
      let rounds = (tiles + computeUnits - 1) / computeUnits
      return rounds * (height + 2) * (rows % height == 0 ? 100 : 110)
    }
    return (1...Swift.min(Self.greatestTileRows, rows)).reversed().min { cost($0) < cost($1) }!
  }

  /// With 28 of 32 vector registers for sums.
  static let greatestTileRows = 14

  /// How a product is computed: as was found to be fastest, or by default.
  func schedule(for product: MatrixProduct) -> ProductSchedule {
    switch (choices.products[ProductShape(product)], matrixSchedule) {
    // CLBlast refuses empty sums.
    case (.clblast, _) where product.inner > 0: return .clblast
    case (.tiles(let terms, let packsLeft, let packsRight), .registerTile):
      return .tiles(
        prefetchTerms: terms, packsLeft: packsLeft,
        packsRight: packsRight || product.right.isTransposed)
    case (.localMemory(let tile, let perItem), .localMemoryTile):
      return .localMemory(tile: tile, perItem: perItem)
    case (_, .clblast) where product.inner > 0: return .clblast
    case (_, .registerTile), (_, .clblast): return Self.defaultTiles(product)
    case (_, .localMemoryTile):
      // Small results get small tiles, so that there is a work-group for every compute unit.
      return product.rows * product.columns >= 1 << 18
        ? .localMemory(tile: 64, perItem: 4) : .localMemory(tile: 32, perItem: 2)
    }
  }

  /// Operands are packed where tiles would read them across rows so long that each lies on a memory
  /// page of its own, and where there are enough tiles to make up for the copy; a right one that is
  /// transposed always, since tiles read its rows.
  private static func defaultTiles(_ product: MatrixProduct) -> ProductSchedule {
    .tiles(
      prefetchTerms: 12,
      packsLeft: product.left.isTransposed && product.columns >= 256
        && product.inner * product.rows > largestSharedOperand,
      packsRight: product.right.isTransposed || product.columns >= 512 && product.rows >= 128)
  }
}
