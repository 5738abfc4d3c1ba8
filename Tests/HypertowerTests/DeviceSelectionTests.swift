import Foundation
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
      OpenCLDevice.obstacle(
        isAvailable: isAvailable, hasCompiler: hasCompiler, greatestWorkGroup: greatestWorkGroup,
        needed: 256) == expected)
  }

  /// Drivers may be asked by several threads at once, the first time, too.
  @Test func threadsSeeTheSameDevices() async throws {
    let lists = try await withThrowingTaskGroup { group in
      for _ in 0..<8 { group.addTask { try OpenCLDevice.all().map(\.description) } }
      return try await group.reduce(into: Set<[String]>()) { $0.insert($1) }
    }
    #expect(lists.count == 1)
  }

  /// Of the devices here that programs can run on, none is of a better kind than the preferred one.
  @Test func preferred() throws {
    let kinds = [OpenCLDevice.Kind.gpu, .accelerator, .cpu]
    func rank(_ device: OpenCLDevice) -> Int? {
      device.obstacle == nil ? kinds.firstIndex(of: device.kind) : nil
    }
    let devices = try OpenCLDevice.all()
    let preferred = Device.preferredIndex(devices).flatMap { rank(devices[$0]) }
    #expect(preferred == devices.compactMap(rank).min())
    #expect(Device.preferredIndex([]) == nil)
  }

  @Test("A driver that is known to be slow is no default")
  func slowDriver() {
    #expect(OpenCLDevice.isSlow(.cpu, platformName: "rusticl"))
    #expect(!OpenCLDevice.isSlow(.gpu, platformName: "rusticl"))
    #expect(!OpenCLDevice.isSlow(.cpu, platformName: "Portable Computing Language"))
  }

  /// Products on this machine's CPU get tiles for the registers that it has.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/proc/cpuinfo")))
  func tilesSuitRegisters() throws {
    let processor = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    let expected = processor.contains("avx512f") ? RegisterTile.wide : .narrow
    for device in try OpenCLDevice.all()
    where DeviceProfile(for: device).groupSize == 1 && !device.name.contains("Oclgrind") {
      #expect(DeviceProfile(for: device).registerTile == expected, "\(device)")
    }
  }
}
