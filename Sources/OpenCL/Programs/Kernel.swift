import COpenCL

/// One kernel of a program, with arguments of its own.
///
/// Arguments stay set from one launch to the next. Setting one does not touch launches that were
/// enqueued before.
package final class Kernel {
  package let name: String
  let handle: OpaquePointer
  let program: OpenCLProgram
  // OpenCL does not retain what is bound as an argument; a launch would find it gone.
  private var boundBuffers: [DeviceBuffer?] = []

  /// The kernel called `name`; any number can be made of one program's kernel.
  package init(_ name: String, of program: OpenCLProgram) throws {
    var status: cl_int = CL_SUCCESS
    let handle = clCreateKernel(program.handle, name, &status)
    guard status == CL_SUCCESS, let handle else {
      let names = (try? program.readKernelNames()) ?? ""
      throw OpenCLError(
        code: status, call: "clCreateKernel", device: program.device.name,
        detail: "kernel '\(name)' of a program with '\(names)'")
    }
    self.handle = handle
    self.program = program
    self.name = name
  }

  deinit { clReleaseKernel(handle) }

  /// Binds a buffer, which the kernel retains until another value takes its place.
  package func setArgument(_ index: Int, _ buffer: DeviceBuffer) throws {
    var memory: cl_mem? = buffer.handle
    try bind(index, MemoryLayout<cl_mem?>.size, &memory, buffer)
  }

  package func setArgument(_ index: Int, _ value: Int32) throws { try setValue(index, value) }

  package func setArgument(_ index: Int, _ value: UInt32) throws { try setValue(index, value) }

  package func setArgument(_ index: Int, _ value: UInt64) throws { try setValue(index, value) }

  package func setArgument(_ index: Int, _ value: Float) throws { try setValue(index, value) }

  /// Gives a `__local` pointer `byteCount` bytes of local memory.
  package func setLocalMemory(_ index: Int, byteCount: Int) throws {
    try bind(index, byteCount, nil, nil)
  }

  /// The largest work-group that this kernel can run in on its device.
  package func maxWorkGroupSize() throws -> Int {
    let (handle, id) = (handle, program.device.id)
    return try InfoReader(call: "clGetKernelWorkGroupInfo", device: program.device.name) {
      clGetKernelWorkGroupInfo(handle, id, $0, $1, $2, $3)
    }.integer(CL_KERNEL_WORK_GROUP_SIZE, as: Int.self)
  }

  private func setValue<Value: BitwiseCopyable>(_ index: Int, _ value: Value) throws {
    try withUnsafeBytes(of: value) { try bind(index, $0.count, $0.baseAddress, nil) }
  }

  private func bind(
    _ index: Int, _ size: Int, _ value: UnsafeRawPointer?, _ buffer: DeviceBuffer?
  ) throws {
    // Not all drivers refuse an index that is far out of range.
    let status =
      cl_uint(exactly: index).flatMap {
        $0 < cl_uint.max ? clSetKernelArg(handle, $0, size, value) : nil
      }
      ?? CL_INVALID_ARG_INDEX
    try check(
      status, "clSetKernelArg", device: program.device.name,
      detail: "argument \(index) of kernel '\(name)', \(size) bytes")
    while boundBuffers.count <= index { boundBuffers.append(nil) }
    boundBuffers[index] = buffer
  }
}
