import Testing

@testable import OpenCL

@Suite struct ProgramTests {
  @Test(arguments: TestDevices.all)
  func buildFailureHoldsTheWholeLog(_ device: OpenCLDevice) throws {
    let context = try DeviceContext(device: device)
    let error = try #require(throws: OpenCLError.self) {
      _ = try context.program(
        source: "kernel void f(global float *x) { x[0] = first_unknown; x[1] = second_unknown; }",
        options: "-DSEEN=1", cache: ProgramCache(directory: nil))
    }
    #expect(error.isBuildFailure)
    #expect(error.call == "clBuildProgram")
    let log = try #require(error.buildLog)
    for part in ["first_unknown", "second_unknown"] { #expect(log.contains(part), "\(log)") }
    #expect(error.description.contains(log))
    #expect(error.description.contains("'-DSEEN=1'"))
    #expect(error.description.contains(device.name))
  }

  @Test(arguments: TestDevices.all)
  func unknownOptionIsABuildFailure(_ device: OpenCLDevice) throws {
    let context = try DeviceContext(device: device)
    let error = try #require(throws: OpenCLError.self) {
      _ = try context.program(
        source: "kernel void f() {}", options: "-no-such-option",
        cache: ProgramCache(directory: nil))
    }
    #expect(error.isBuildFailure, "\(error)")
    #expect(error.description.contains("-no-such-option"), "\(error)")
  }

  @Test(arguments: TestDevices.all)
  func sameRequestIsBuiltOncePerContext(_ device: OpenCLDevice) throws {
    let context = try DeviceContext(device: device)
    let cache = ProgramCache(directory: nil)
    let source = "kernel void f(global int *x) { *x = VALUE; }"
    let first = try context.program(source: source, options: "-DVALUE=1", cache: cache)
    #expect(try context.program(source: source, options: "-DVALUE=1", cache: cache) === first)
    #expect(try context.program(source: source, options: "-DVALUE=2", cache: cache) !== first)
  }

  @Test(arguments: TestDevices.all)
  func programsDoNotKeepTheirContext(_ device: OpenCLDevice) throws {
    weak var context: DeviceContext?
    try {
      let new = try DeviceContext(device: device)
      context = new
      _ = try new.program(source: "kernel void f() {}", cache: ProgramCache(directory: nil))
    }()
    #expect(context == nil)
  }

  /// PoCL drops what its compiler has loaded with the last context (Docs/Surprises.md).
  @Test(arguments: TestDevices.all)
  func aDeviceHasOneContextForAsLongAsTheProcess(_ device: OpenCLDevice) throws {
    let first = try DeviceContext(device: device).handle
    #expect(try DeviceContext(device: device).handle == first)
  }
}
