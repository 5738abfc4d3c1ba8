import COpenCL
import Synchronization

/// One installed OpenCL driver and its devices, as they were when asked for.
package struct Platform: Sendable {
  package let name: String
  package let vendor: String
  package let version: String
  /// The platform's devices, in the driver's order.
  package let devices: [OpenCLDevice]
  /// Why the devices cannot be listed or used: `OpenCLError` if the driver refused,
  /// `DriverCacheError` if it was not asked; `devices` is empty then.
  package let failure: (any Error)?
  /// What a user should know of a driver that works, in one line.
  package let warning: String?

  /// All platforms in the loader's order; none if no driver is installed.
  ///
  /// A driver that cannot list its devices does not hide the others: its `failure` says why.
  package static func all() throws -> [Platform] { try lock.withLock { _ in try list() } }

  /// Held while drivers are asked: PoCL starts at the first call, and tells another thread in the
  /// meantime that there are no devices.
  private static let lock = Mutex(())

  private static func list() throws -> [Platform] {
    var count: cl_uint = 0
    let status = clGetPlatformIDs(0, nil, &count)
    if status == platformNotFound || (status == CL_SUCCESS && count == 0) { return [] }
    try check(status, "clGetPlatformIDs")
    var ids = [cl_platform_id?](repeating: nil, count: Int(count))
    try check(clGetPlatformIDs(count, &ids, nil), "clGetPlatformIDs")
    return try ids.compactMap { $0 }.map(Platform.init(id:))
  }

  private init(id: cl_platform_id) throws {
    let info = InfoReader(call: "clGetPlatformInfo", device: nil) {
      clGetPlatformInfo(id, $0, $1, $2, $3)
    }
    name = try info.string(CL_PLATFORM_NAME)
    vendor = try info.string(CL_PLATFORM_VENDOR)
    version = try info.string(CL_PLATFORM_VERSION)
    let cache = DriverCache.of(platform: name)?.check()
    warning = cache?.warning
    do {
      // Asked for its devices, a driver may abort the process.
      if let failure = cache?.failure { throw failure }
      let (name, version) = (name, version)
      devices = try Self.deviceIDs(of: id, named: name).map {
        try OpenCLDevice(id: $0, platformName: name, platformVersion: version)
      }
      failure = nil
    } catch {
      devices = []
      failure = error
    }
  }

  private static func deviceIDs(of id: cl_platform_id, named name: String) throws -> [cl_device_id]
  {
    let all = cl_device_type(CL_DEVICE_TYPE_ALL)
    var count: cl_uint = 0
    let status = clGetDeviceIDs(id, all, 0, nil, &count)
    if status == CL_DEVICE_NOT_FOUND || (status == CL_SUCCESS && count == 0) { return [] }
    try check(status, "clGetDeviceIDs", detail: "platform \(name)")
    var ids = [cl_device_id?](repeating: nil, count: Int(count))
    try check(
      clGetDeviceIDs(id, all, count, &ids, nil), "clGetDeviceIDs",
      detail: "platform \(name), \(count) devices")
    return ids.compactMap { $0 }
  }
}
