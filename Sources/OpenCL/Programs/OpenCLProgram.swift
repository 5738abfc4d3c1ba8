import COpenCL

/// A program built for one device. `DeviceContext.program(source:options:cache:)` makes it.
package final class OpenCLProgram {
  package let device: OpenCLDevice
  /// Whether the driver took a binary from the disk cache instead of compiling the source.
  package let loadedFromCache: Bool
  let handle: OpaquePointer

  /// Compiles the source.
  init(compiling request: ProgramRequest, in context: DeviceContext) throws {
    let call = "clCreateProgramWithSource"
    var status: cl_int = CL_SUCCESS
    let handle = request.source.withCString { text in
      var text: UnsafePointer<CChar>? = text
      var length = request.source.utf8.count
      return clCreateProgramWithSource(context.handle, 1, &text, &length, &status)
    }
    try check(status, call, device: context.device.name)
    guard let handle else {
      throw OpenCLError(code: status, call: call, device: context.device.name)
    }
    self.handle = handle
    device = context.device
    loadedFromCache = false
    try build(options: request.options)
  }

  /// Loads a binary that an equal device's driver made from the same request.
  init(binary: [UInt8], of request: ProgramRequest, in context: DeviceContext) throws {
    let call = "clCreateProgramWithBinary"
    var status: cl_int = CL_SUCCESS
    var binaryStatus: cl_int = CL_SUCCESS
    let handle = binary.withUnsafeBufferPointer { bytes in
      var id: cl_device_id? = context.device.id
      var start = bytes.baseAddress
      var length = bytes.count
      return clCreateProgramWithBinary(
        context.handle, 1, &id, &length, &start, &binaryStatus, &status)
    }
    guard let handle else {
      throw OpenCLError(code: status, call: call, device: context.device.name)
    }
    self.handle = handle
    device = context.device
    loadedFromCache = true
    try check(status, call, device: device.name)
    try check(binaryStatus, call, device: device.name, detail: "\(binary.count) bytes")
    try build(options: request.options)
  }

  deinit { clReleaseProgram(handle) }

  private func build(options: String) throws {
    var id: cl_device_id? = device.id
    let status = clBuildProgram(handle, 1, &id, options, nil, nil)
    guard status != CL_SUCCESS else { return }
    // A disk that is full by now, say, is not the source's fault.
    if let failure = DriverCache.of(platform: device.platformName)?.check().failure {
      throw failure
    }
    throw OpenCLError(
      code: status, call: "clBuildProgram", device: device.name, detail: "options '\(options)'",
      buildLog: try? readBuildLog())
  }

  private func readBuildLog() throws -> String {
    let (handle, id) = (handle, device.id)
    return try InfoReader(call: "clGetProgramBuildInfo", device: device.name) {
      clGetProgramBuildInfo(handle, id, $0, $1, $2, $3)
    }.string(CL_PROGRAM_BUILD_LOG)
  }

  /// The names of the program's kernels, separated by semicolons.
  func readKernelNames() throws -> String { try info.string(CL_PROGRAM_KERNEL_NAMES) }

  /// The built program as the driver can load it again.
  func readBinary() throws -> [UInt8] {
    // One device was built for, so each of these lists has one element.
    let size = try info.integer(CL_PROGRAM_BINARY_SIZES, as: Int.self)
    var binary = [UInt8](repeating: 0, count: size)
    let status = binary.withUnsafeMutableBufferPointer { bytes in
      var start = bytes.baseAddress
      return clGetProgramInfo(
        handle, cl_program_info(CL_PROGRAM_BINARIES), MemoryLayout.size(ofValue: start), &start, nil
      )
    }
    try check(
      status, "clGetProgramInfo", device: device.name, detail: "a binary of \(size) bytes")
    return binary
  }

  private var info: InfoReader {
    let handle = handle
    return InfoReader(call: "clGetProgramInfo", device: device.name) {
      clGetProgramInfo(handle, $0, $1, $2, $3)
    }
  }
}
