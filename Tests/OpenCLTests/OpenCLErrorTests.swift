import OpenCL
import Testing

@Suite struct OpenCLErrorTests {
  @Test(
    arguments: [
      (-5, "CL_OUT_OF_RESOURCES"), (-11, "CL_BUILD_PROGRAM_FAILURE"),
      (-30, "CL_INVALID_VALUE"), (-72, "CL_MAX_SIZE_RESTRICTION_EXCEEDED"),
      (-1001, "CL_PLATFORM_NOT_FOUND_KHR"), (-1024, "CLBlastNotImplemented"),
      (-2041, "CLBlastDatabaseError"), (-9999, "CL error -9999"), (-29, "CL error -29"),
      (7, "CL error 7"),
    ] as [(Int32, String)])
  func name(code: Int32, name: String) {
    let error = OpenCLError(code: code, call: "clFlush")
    #expect(error.name == name)
    #expect(error.code == code)
    #expect(error.description.hasPrefix(name))
  }

  @Test func everyCodeOfTheStandardHasAName() {
    for code in [Int32](-19...0) + Array(-72 ... -30) {
      let name = OpenCLError(code: code, call: "").name
      #expect(name.hasPrefix("CL_"), "\(code) is called \(name)")
    }
  }

  @Test func descriptionHasEveryPart() {
    let error = OpenCLError(
      code: -11, call: "clBuildProgram", device: "Some GPU", detail: "options '-w'",
      buildLog: "line 1\nline 2")
    #expect(
      error.description == """
        CL_BUILD_PROGRAM_FAILURE (-11) from clBuildProgram on Some GPU: options '-w'
        hint: the build log names the line; drivers differ in what they accept
        build log:
        line 1
        line 2
        """)
    #expect(
      OpenCLError(code: -9999, call: "clBarrier").description == "CL error -9999 from clBarrier")
  }

  @Test(
    arguments: [
      (-4, "clEnqueueNDRangeKernel", .memory),
      (-6, "clBuildProgram", .memory),
      (-5, "clCreateBuffer", .memory),
      (-61, "clCreateBuffer", .memory),
      (-5, "clEnqueueNDRangeKernel", .other),
      (-11, "clBuildProgram", .build),
      (-43, "clBuildProgram", .build),
      (-9999, "clBuildProgram", .build),
      (-11, "CLBlastSgemm", .build),
      (-2, "clCreateContext", .loss),
      (-5, "clFinish", .loss),
      (-5, "clEnqueueReadBuffer", .loss),
      (-36, "clFlush", .loss),
      (-9999, "clFinish", .loss),
      (-36, "clEnqueueNDRangeKernel", .other),
    ] as [(Int32, String, Kind)])
  func kind(code: Int32, call: String, kind: Kind) {
    let error = OpenCLError(code: code, call: call)
    #expect(error.isBuildFailure == (kind == .build))
    #expect(error.isOutOfMemory == (kind == .memory))
    #expect(error.isDeviceLoss == (kind == .loss))
  }

  enum Kind: Sendable { case build, memory, loss, other }
}
