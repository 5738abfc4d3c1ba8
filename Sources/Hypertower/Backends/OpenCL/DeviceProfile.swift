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

  /// Which kernel multiplies matrices.
  enum MatrixSchedule: Sendable, Equatable {
    /// A register tile for each work-item, with vectors along rows.
    case registerTile
    /// Tiles in local memory shared by work-groups.
    case localMemoryTile
    /// CLBlast's, followed by a loop nest for the epilogue.
    case clblast
  }

  /// For devices whose work-items have vector registers of their own.
  package static let cpu = DeviceProfile(
    width: 16, lanes: 1, towerLanes: 1, workGroups: 64, matrixSchedule: .registerTile)
  /// For devices whose work-items are the elements of vectors.
  package static let gpu = DeviceProfile(
    width: 1, lanes: 64, towerLanes: 32, workGroups: 1024, matrixSchedule: .localMemoryTile)
  /// As `cpu`, with CLBlast's matrix products.
  package static let cpuWithCLBlast = DeviceProfile(
    width: 16, lanes: 1, towerLanes: 1, workGroups: 64, matrixSchedule: .clblast)

  init(
    width: Int, lanes: Int, towerLanes: Int, workGroups: Int, matrixSchedule: MatrixSchedule
  ) {
    self.width = width
    self.lanes = lanes
    self.towerLanes = towerLanes
    self.workGroups = workGroups
    self.matrixSchedule = matrixSchedule
  }

  init(for device: OpenCL.Device) {
    self =
      switch device.kind {
      case .cpu: .cpu
      case .gpu, .accelerator, .other: .gpu
      }
  }

  /// The size of a work-group that shares a row or a block.
  var localSize: Int { lanes }
}
