import Hypertower
import OpenCL
import Testing

@testable import HypertowerCommand

@Suite("Exit statuses")
struct ExitStatusTests {
  @Test("Faults of the OpenCL layer have statuses of their own")
  func openCL() {
    func status(_ code: Int32, _ call: String) -> Int32? {
      Failure(OpenCLError(code: code, call: call))?.status.rawValue
    }
    #expect(status(-11, "clBuildProgram") == 70)
    #expect(status(-4, "clEnqueueNDRangeKernel") == 71)
    #expect(status(-6, "clCreateContext") == 71)
    #expect(status(-5, "clCreateBuffer") == 71)
    #expect(status(-5, "clEnqueueNDRangeKernel") == 70)
    #expect(status(-1001, "clGetPlatformIDs") == 69)
    #expect(status(-2, "clCreateContext") == 69)
    #expect(status(-9999, "clFinish") == 69)
  }

  @Test("Messages are those of the errors")
  func messages() {
    let failure = Failure(InputError(.badData, "broken"))
    #expect(failure?.message == "broken" && failure?.status == .badData)
    struct Other: Error {}
    #expect(Failure(Other()) == nil)
  }
}
