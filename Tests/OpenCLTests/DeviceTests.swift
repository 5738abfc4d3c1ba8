import Glibc
import OpenCL
import Testing

@Suite struct DeviceTests {
  @Test func devicesAreThoseOfThePlatformsInOrder() throws {
    let ofPlatforms = try Platform.all().flatMap(\.devices)
    let devices = try OpenCLDevice.all()
    #expect(devices.map(\.description) == ofPlatforms.map(\.description))
    #expect(devices.map(\.description) == (try OpenCLDevice.all()).map(\.description))
  }

  @Test func withoutADriverThereIsNoDevice() async {
    await #expect(processExitsWith: .success) {
      setenv("OCL_ICD_VENDORS", "/no-such-folder", 1)
      let platforms = try #require(try? Platform.all())
      #expect(platforms.isEmpty)
      let devices = try #require(try? OpenCLDevice.all())
      #expect(devices.isEmpty)
    }
  }

  @Test(arguments: TestDevices.all)
  func informationMakesSense(_ device: OpenCLDevice) {
    #expect(!device.name.isEmpty)
    #expect(device.name.first != " " && device.name.last != " ")
    #expect(!device.vendor.isEmpty)
    #expect(!device.driverVersion.isEmpty)
    #expect(device.version.hasPrefix("OpenCL "))
    #expect(device.openCLCVersion.hasPrefix("OpenCL C "))
    #expect(device.computeUnits > 0)
    #expect(device.globalMemorySize > 0)
    #expect((1...device.globalMemorySize).contains(device.maxAllocationSize))
    #expect(device.localMemorySize > 0)
    #expect(device.maxWorkGroupSize > 0)
    #expect(device.maxClockFrequency >= 0)
    #expect(device.extensions.allSatisfy { !$0.isEmpty && !$0.contains(" ") })
    #expect(device.description == "\(device.name) (\(device.platformName))")
  }

  /// What PoCL says of the processors that it runs on.
  @Test(arguments: TestDevices.all.filter { $0.platformName == "Portable Computing Language" })
  func informationOfPoCL(_ device: OpenCLDevice) {
    #expect(device.kind == .cpu)
    #expect(device.supportsDouble)
    #expect(device.correctlyRoundsDivideAndSqrt)
    #expect(device.keepsDenormals)
    #expect(device.platformVersion.contains("PoCL"))
  }
}
