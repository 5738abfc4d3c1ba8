import COpenCL

/// One enqueued command, as the device's clock saw it.
package final class Event {
  let handle: OpaquePointer

  /// Takes over the caller's reference.
  init(_ handle: OpaquePointer) { self.handle = handle }

  deinit { clReleaseEvent(handle) }
}
