import OpenCL
import Testing

@testable import Hypertower

@Suite struct DeviceSelectionTests {
  @Test(arguments: [
    (true, true, 256, nil),
    (true, true, 1024, nil),
    (true, true, 255, "has work-groups of at most 255 work-items; 256 are needed"),
    (true, false, 256, "has no compiler"),
    (false, true, 256, "is not available"),
  ])
  func obstacles(
    isAvailable: Bool, hasCompiler: Bool, greatestWorkGroup: Int, expected: String?
  ) {
    #expect(
      OpenCL.Device.obstacle(
        isAvailable: isAvailable, hasCompiler: hasCompiler, greatestWorkGroup: greatestWorkGroup,
        needed: 256) == expected)
  }

  /// The devices that are chosen by kind are the first ones that programs can run on.
  @Test func choices() throws {
    let devices = try OpenCL.Device.all()
    for kind in [OpenCL.Device.Kind.gpu, .accelerator, .cpu] {
      let usable = devices.indices.filter {
        devices[$0].kind == kind && devices[$0].obstacle == nil
      }
      #expect(Device.firstIndex(of: kind, in: devices) == usable.first)
    }
    let preferred = try #require(Device.preferredIndex(devices))
    let hasGPU = devices.contains { $0.kind == .gpu && $0.obstacle == nil }
    #expect(devices[preferred].obstacle == nil && (devices[preferred].kind == .gpu) == hasGPU)
    #expect(Device.preferredIndex([]) == nil)
  }
}
