import Glibc
import OpenCL
import Testing

@testable import Hypertower

/// A backend to test, which every test makes anew: OpenCL's objects belong to one thread at a time.
struct TestBackend: Sendable, CustomTestStringConvertible {
  let name: String
  /// Whether it computes in float64.
  let isDouble: Bool
  /// Whether it is one that users get, not a profile for another kind of device.
  let isNative: Bool
  private let create: @Sendable () throws -> any Backend

  init(
    name: String, isDouble: Bool, isNative: Bool,
    create: @escaping @Sendable () throws -> any Backend
  ) {
    self.name = name
    self.isDouble = isDouble
    self.isNative = isNative
    self.create = create
  }

  func make() throws -> any Backend { try create() }
  func device() throws -> Device { Device(name: name, backend: try create()) }

  var testDescription: String { name }

  static let cpu = TestBackend(name: "cpu", isDouble: false, isNative: true) {
    CPUBackend<Float>()
  }
  static let cpu64 = TestBackend(name: "cpu64", isDouble: true, isNative: true) {
    CPUBackend<Double>()
  }

  /// Every OpenCL device with the kernels of its kind.
  static let openCL: [TestBackend] = openCLDevices.enumerated().map { number, device in
    TestBackend(name: "opencl:\(number)", isDouble: false, isNative: true) {
      try OpenCLBackend(device, fillNewBuffersWith: poison)
    }
  }

  /// New device memory holds NaN, so that what is read before it was written shows.
  private static let poison: UInt8 = 0xFF

  /// Every OpenCL device with the kernels meant for other kinds, and with CLBlast's products.
  ///
  /// Oclgrind looks for faults in our kernels alone, and knows no order between work-groups of one
  /// launch: there phases are launches of their own. `HYPERTOWER_TEST_NATIVE` leaves all of these out.
  static let otherProfiles: [TestBackend] = openCLDevices.enumerated().flatMap {
    number, device -> [TestBackend] in
    if getenv("HYPERTOWER_TEST_NATIVE") != nil { return [] }
    let isOclgrind = device.name.contains("Oclgrind")
    let isForCPUs = DeviceProfile(for: device).groupSize == 1
    let other = isForCPUs ? ("gpu", gpu(on: device)) : ("cpu", DeviceProfile.cpu)
    return [other, ("CLBlast", .cpuWithCLBlast)].prefix(isOclgrind ? 1 : 2).map { name, profile in
      TestBackend(name: "opencl:\(number) as \(name)", isDouble: false, isNative: false) {
        try OpenCLBackend(
          device, profile: profile, isTimed: isOclgrind, fillNewBuffersWith: poison)
      }
    }
  }

  /// Every CPU with the register tiles of those that have other registers.
  static let otherTiles: [TestBackend] = openCLDevices.enumerated().compactMap { number, device in
    var profile = DeviceProfile(for: device)
    guard profile.groupSize == 1, getenv("HYPERTOWER_TEST_NATIVE") == nil else { return nil }
    let isWide = profile.registerTile == .wide
    profile.registerTile = isWide ? .narrow : .wide
    return TestBackend(
      name: "opencl:\(number) with \(isWide ? "narrow" : "wide") tiles", isDouble: false,
      isNative: false
    ) { [profile] in
      try OpenCLBackend(device, profile: profile, fillNewBuffersWith: poison)
    }
  }

  /// The profile for GPUs as `device` bears it: PoCL's compiler fails where work-groups come to
  /// different barriers.
  static func gpu(on device: OpenCLDevice) -> DeviceProfile {
    var profile = DeviceProfile.gpu
    profile.mergesBarriers = !isPoCL(device)
    return profile
  }

  static func isPoCL(_ device: OpenCLDevice) -> Bool {
    device.platformName == "Portable Computing Language"
  }

  /// What users can choose.
  static let native = [cpu, cpu64] + openCL
  static let all = native + otherProfiles

  private static let openCLDevices: [OpenCLDevice] = {
    // PoCL keeps compiled kernels in the user's cache folder unless told otherwise, and reads the
    // variable when it starts.
    let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    setenv("POCL_CACHE_DIR", "\(temporary)/hypertower-tests-pocl-\(getuid())", 0)
    do {
      return try OpenCLDevice.all().filter { $0.obstacle == nil }
    } catch {
      fatalError("the OpenCL devices cannot be listed: \(error)")
    }
  }()
}
