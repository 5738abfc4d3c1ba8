import COpenCL

/// An in-order queue of commands for a context's device.
package final class CommandQueue {
  package let context: DeviceContext
  let handle: OpaquePointer

  /// How many calls have made the host wait: blocking reads and writes, `finish`,
  /// `wait(for:)`, and `nanoseconds(of:)`.
  package internal(set) var blockingCalls = 0
  /// How many kernels have been enqueued; a call of CLBlast counts as one.
  package internal(set) var enqueuedKernels = 0

  /// - Parameter profiling: Whether the device measures how long each command takes, which slows
  ///   some drivers down.
  package init(_ context: DeviceContext, profiling: Bool = false) throws {
    var status: cl_int = CL_SUCCESS
    let properties = cl_command_queue_properties(profiling ? CL_QUEUE_PROFILING_ENABLE : 0)
    // The function of OpenCL 1.2 rather than that of 2.0: every driver has it.
    let handle = clCreateCommandQueue(context.handle, context.device.id, properties, &status)
    guard status == CL_SUCCESS, let handle else {
      throw OpenCLError(code: status, call: "clCreateCommandQueue", device: context.device.name)
    }
    self.handle = handle
    self.context = context
  }

  deinit { clReleaseCommandQueue(handle) }

  /// Lets the device run `kernel` with the arguments that it has now; nothing if `size` is empty.
  package func enqueue(_ kernel: Kernel, _ size: LaunchSize) throws {
    try launch(kernel, size, nil)
  }

  /// Lets the device run `kernel` over `global` work-items in groups of `local`.
  ///
  /// Where a launch repeats, keep a `LaunchSize` instead.
  package func enqueue(_ kernel: Kernel, global: [Int], local: [Int]? = nil) throws {
    try launch(kernel, LaunchSize(global: global, local: local), nil)
  }

  /// Enqueues as `enqueue` does, and returns the event that knows when the kernel ran.
  ///
  /// - Precondition: `size` is not empty.
  package func enqueueTimed(_ kernel: Kernel, _ size: LaunchSize) throws -> Event {
    require(!size.isEmpty, "enqueueTimed: \(size) has no work-items")
    var event: cl_event?
    try launch(kernel, size, &event)
    guard let event else {
      throw OpenCLError(
        code: CL_INVALID_EVENT, call: "clEnqueueNDRangeKernel", device: context.device.name)
    }
    return Event(event)
  }

  /// The time the device spent on a command of this queue, in nanoseconds; waits for its end.
  ///
  /// - Throws: `CL_PROFILING_INFO_NOT_AVAILABLE` unless the queue was made with profiling.
  package func nanoseconds(of event: Event) throws -> UInt64 {
    try wait(for: event)
    let (handle, device) = (event.handle, context.device.name)
    let info = InfoReader(call: "clGetEventProfilingInfo", device: device) {
      clGetEventProfilingInfo(handle, $0, $1, $2, $3)
    }
    let start = try info.integer(CL_PROFILING_COMMAND_START, as: cl_ulong.self)
    let end = try info.integer(CL_PROFILING_COMMAND_END, as: cl_ulong.self)
    return end &- start
  }

  /// Waits until the device has done a command of this queue.
  package func wait(for event: Event) throws {
    blockingCalls += 1
    var handle: cl_event? = event.handle
    try check(clWaitForEvents(1, &handle), "clWaitForEvents", device: context.device.name)
  }

  /// Whether the device has done a command of this queue that it was handed.
  ///
  /// - Throws: what has ended the command otherwise.
  package func isDone(_ event: Event) throws -> Bool {
    let (handle, device) = (event.handle, context.device.name)
    let info = InfoReader(call: "clGetEventInfo", device: device) {
      clGetEventInfo(handle, $0, $1, $2, $3)
    }
    let status = try info.integer(CL_EVENT_COMMAND_EXECUTION_STATUS, as: cl_int.self)
    guard status >= 0 else {
      throw OpenCLError(code: status, call: "a command that was enqueued", device: device)
    }
    return status == CL_COMPLETE
  }

  /// Hands what was enqueued to the device without waiting for it.
  package func flush() throws {
    try check(clFlush(handle), "clFlush", device: context.device.name)
  }

  /// Waits until the device has done all that was enqueued.
  package func finish() throws {
    blockingCalls += 1
    try check(clFinish(handle), "clFinish", device: context.device.name)
  }

  private func launch(
    _ kernel: Kernel, _ size: LaunchSize, _ event: UnsafeMutablePointer<cl_event?>?
  ) throws {
    if size.isEmpty { return }
    let status = clEnqueueNDRangeKernel(
      handle, kernel.handle, cl_uint(size.global.count), nil, size.global, size.local, 0, nil,
      event)
    try check(
      status, "clEnqueueNDRangeKernel", device: context.device.name,
      detail: "kernel '\(kernel.name)', \(size)")
    enqueuedKernels += 1
  }
}
