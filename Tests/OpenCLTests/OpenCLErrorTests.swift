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
      OpenCLError(code: -9999, call: "clFinish").description == "CL error -9999 from clFinish")
  }

  @Test(
    arguments: [
      (-4, "clEnqueueNDRangeKernel", false, true),
      (-6, "clBuildProgram", false, true),
      (-5, "clCreateBuffer", false, true),
      (-61, "clCreateBuffer", false, true),
      (-5, "clFinish", false, false),
      (-11, "clBuildProgram", true, false),
      (-43, "clBuildProgram", true, false),
      (-9999, "clBuildProgram", true, false),
      (-11, "CLBlastSgemm", true, false),
      (-9999, "clFinish", false, false),
    ] as [(Int32, String, Bool, Bool)])
  func kind(code: Int32, call: String, isBuildFailure: Bool, isOutOfMemory: Bool) {
    let error = OpenCLError(code: code, call: call)
    #expect(error.isBuildFailure == isBuildFailure)
    #expect(error.isOutOfMemory == isOutOfMemory)
  }
}
