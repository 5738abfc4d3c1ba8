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
  let cutsRows: Bool
  /// Whether one launch goes through phases one after another, in which work-groups wait for one
  /// another.
  var joinsPhases: Bool
  /// The number of work-groups that run at the same time.
  var computeUnits = 2

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
  ///
  /// With 28 of 32 vector registers for sums at most: the one that keeps all cores busy the
  /// shortest. A step of a tile costs its rows and about two loads; a rest of rows at the end is a
  /// second kernel to build.
  func tileRows(for rows: Int) -> Int {
    func cost(_ height: Int) -> Int {
      let tiles = (rows + height - 1) / height
      let rounds = (tiles + computeUnits - 1) / computeUnits
      return rounds * (height + 2) * (rows % height == 0 ? 100 : 103)
    }
    return (1...Swift.min(14, rows)).reversed().min { cost($0) < cost($1) }!
  }
}
