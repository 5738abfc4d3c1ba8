import COpenCL

/// A call of OpenCL or CLBlast that failed.
///
/// Its text names the status code, the call, the device, the sizes that were asked for, and what
/// may help; for a program that does not build it ends with the compiler's whole log.
public struct OpenCLError: Error, CustomStringConvertible, Sendable {
  /// The status code as the driver gave it, known or not.
  public let code: Int32
  /// The function that failed, such as `clEnqueueNDRangeKernel`.
  public let call: String
  /// The name of the device, where the call concerned one.
  public let device: String?
  /// What was asked for: sizes, names, indices.
  public let detail: String?
  /// The compiler's whole log, where a program did not build.
  public let buildLog: String?

  /// An error of `call`, which returned `code`.
  package init(
    code: Int32, call: String, device: String? = nil, detail: String? = nil,
    buildLog: String? = nil
  ) {
    self.code = code
    self.call = call
    self.device = device
    self.detail = detail
    self.buildLog = buildLog
  }

  /// The status code's name, such as `CL_OUT_OF_RESOURCES`, or `CL error -9999` for a code that no
  /// header names.
  public var name: String { StatusCode.name(of: code) ?? "CL error \(code)" }

  /// Whether a program or its options did not get through the device's compiler.
  public var isBuildFailure: Bool {
    switch code {
    case CL_BUILD_PROGRAM_FAILURE, CL_COMPILE_PROGRAM_FAILURE, CL_LINK_PROGRAM_FAILURE,
      CL_INVALID_BUILD_OPTIONS, CL_INVALID_COMPILER_OPTIONS, CL_INVALID_LINKER_OPTIONS:
      true
    default:
      call == "clBuildProgram" && !isOutOfMemory
    }
  }

  /// Whether the device or the host had too little memory.
  ///
  /// `CL_OUT_OF_RESOURCES` counts only where memory was asked for: elsewhere drivers return it for
  /// kernels that need too many registers or that reach outside their buffers, and for lost devices.
  public var isOutOfMemory: Bool {
    switch code {
    case CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_HOST_MEMORY: true
    case CL_OUT_OF_RESOURCES, CL_INVALID_BUFFER_SIZE: call == "clCreateBuffer"
    default: false
    }
  }

  /// Whether the device cannot be used, or no longer works, as far as drivers tell.
  ///
  /// Where the host waits for work or hands it over, many report in the same words a kernel that
  /// reached outside its buffers; NVIDIA's have −9999 for both, and refuse a queue whose device is lost.
  public var isDeviceLoss: Bool {
    switch code {
    case CL_DEVICE_NOT_AVAILABLE: true
    case CL_OUT_OF_RESOURCES, CL_INVALID_COMMAND_QUEUE, Self.nvidiaFault:
      Self.meetings.contains(call)
    default: false
    }
  }

  private static let nvidiaFault: Int32 = -9999
  /// The calls in which drivers tell what became of work that was handed over before.
  private static let meetings: Set = [
    "clFinish", "clFlush", "clWaitForEvents", "clEnqueueReadBuffer", "clEnqueueWriteBuffer",
  ]

  public var description: String {
    var text = StatusCode.name(of: code).map { "\($0) (\(code))" } ?? "CL error \(code)"
    text += " from \(call)"
    if let device { text += " on \(device)" }
    if let detail { text += ": \(detail)" }
    if let hint { text += "\nhint: \(hint)" }
    if let buildLog { text += "\nbuild log:\n\(buildLog)" }
    return text
  }
}

/// Throws what `status` stands for unless it is `CL_SUCCESS`.
///
/// The device's name and the detail are made only when the call has failed.
func check(
  _ status: cl_int, _ call: String, device: @autoclosure () -> String? = nil,
  detail: @autoclosure () -> String? = nil
) throws {
  guard status == CL_SUCCESS else {
    throw OpenCLError(code: status, call: call, device: device(), detail: detail())
  }
}
