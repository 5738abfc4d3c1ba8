import COpenCL

/// Memory on a device.
///
/// After its last byte, `padding` further bytes belong to the allocation: a kernel may read (not
/// write) four vectors of up to 64 bytes that begin before the end, or at it, and reach past it.
/// What it reads there is unspecified and must not reach a result.
package final class DeviceBuffer {
  /// The least number of bytes that may be read after the end: four `float16`s.
  package static let padding = 256

  package let context: DeviceContext
  /// The number of bytes asked for, without the padding.
  package let byteCount: Int
  let handle: OpaquePointer

  /// Allocates `byteCount` bytes, which may be none, with the contents unspecified unless the
  /// context fills new buffers.
  ///
  /// Some drivers take the memory only when it is first used: then the first command that uses
  /// the buffer fails instead.
  package init(byteCount: Int, in context: DeviceContext) throws {
    require(byteCount >= 0, "DeviceBuffer: \(byteCount) bytes")
    // In UInt, so that even Int.max bytes reach the driver, which refuses them.
    let padding = UInt(Self.padding)
    let allocated = (UInt(byteCount) + padding - 1) / padding * padding + padding

    let device = context.device
    func tooLarge(_ code: cl_int) -> OpenCLError {
      OpenCLError(
        code: code, call: "clCreateBuffer", device: device.name,
        detail: "\(byteCount) bytes asked for; the device gives at most"
          + " \(device.maxAllocationSize) to one buffer and has \(device.globalMemorySize) in all")
    }
    guard let size = Int(exactly: allocated) else { throw tooLarge(CL_INVALID_BUFFER_SIZE) }

    var status: cl_int = CL_SUCCESS
    let flags = cl_mem_flags(CL_MEM_READ_WRITE)
    let handle = clCreateBuffer(context.handle, flags, size, nil, &status)
    guard status == CL_SUCCESS, let handle else { throw tooLarge(status) }
    self.handle = handle
    self.context = context
    self.byteCount = byteCount
    context.allocatedBytes += byteCount
    try adviseHugePages(size)
    if let byte = context.fillNewBuffersWith { try fill(size, with: byte) }
  }

  // OpenCL keeps the memory until the commands that were enqueued with it have finished.
  deinit {
    clReleaseMemObject(handle)
    context.allocatedBytes -= byteCount
  }

  /// Fills the whole allocation of `size` bytes, the padding included.
  private func fill(_ size: Int, with byte: UInt8) throws {
    let queue = try CommandQueue(context)
    var byte = byte
    try check(
      clEnqueueFillBuffer(queue.handle, handle, &byte, 1, 0, size, 0, nil, nil),
      "clEnqueueFillBuffer", device: context.device.name, detail: "\(size) bytes of a new buffer")
    try queue.finish()
  }

  /// Stops unless `count` bytes from `offset` on lie within the buffer.
  func requireRange(_ offset: Int, _ count: Int, _ operation: String) {
    require(
      offset >= 0 && count >= 0 && count <= byteCount && offset <= byteCount - count,
      "\(operation): \(count) bytes at \(offset) of a buffer of \(byteCount)")
  }
}
