import COpenCL

// Drivers refuse transfers of no bytes; here they are nothing to do.

extension CommandQueue {
  /// Writes `bytes` into `buffer` from byte `offset` on.
  ///
  /// - Parameter blocking: Whether to wait until the bytes have been taken. If not, they must stay
  ///   in place and unchanged until the host next waits for the queue.
  package func enqueueWrite(
    _ buffer: DeviceBuffer, offset: Int = 0, bytes: UnsafeRawBufferPointer, blocking: Bool
  ) throws {
    if blocking && !bytes.isEmpty { blockingCalls += 1 }
    try write(bytes, to: buffer, offset, blocking: blocking, nil)
  }

  /// Writes `bytes` into `buffer` from byte `offset` on without waiting, and returns the event until whose end they
  /// must stay in place and unchanged.
  ///
  /// - Precondition: there is at least one byte.
  package func enqueueWrite(
    _ buffer: DeviceBuffer, offset: Int = 0, bytes: UnsafeRawBufferPointer
  ) throws -> Event {
    require(!bytes.isEmpty, "enqueueWrite: no bytes, which have no event")
    var event: cl_event?
    try write(bytes, to: buffer, offset, blocking: false, &event)
    return try own(event, "clEnqueueWriteBuffer")
  }

  private func own(_ event: cl_event?, _ call: String) throws -> Event {
    guard let event else {
      throw OpenCLError(code: CL_INVALID_EVENT, call: call, device: context.device.name)
    }
    return Event(event)
  }

  private func write(
    _ bytes: UnsafeRawBufferPointer, to buffer: DeviceBuffer, _ offset: Int, blocking: Bool,
    _ event: UnsafeMutablePointer<cl_event?>?
  ) throws {
    buffer.requireRange(offset, bytes.count, "enqueueWrite")
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    let status = clEnqueueWriteBuffer(
      handle, buffer.handle, cl_bool(blocking ? CL_TRUE : CL_FALSE), offset, bytes.count, start, 0,
      nil, event)
    try check(
      status, "clEnqueueWriteBuffer", device: context.device.name,
      detail: "\(bytes.count) bytes at \(offset) of a buffer of \(buffer.byteCount)")
  }

  /// Reads as many bytes as `bytes` holds from byte `offset` of `buffer` on, and waits for them.
  package func read(
    _ buffer: DeviceBuffer, offset: Int = 0, into bytes: UnsafeMutableRawBufferPointer
  ) throws {
    if !bytes.isEmpty { blockingCalls += 1 }
    try read(buffer, offset, into: bytes, blocking: true, nil)
  }

  /// Reads as many bytes as `bytes` holds from byte `offset` of `buffer` on without waiting, and returns the event until
  /// whose end they must stay in place.
  ///
  /// - Precondition: there is at least one byte.
  package func enqueueRead(
    _ buffer: DeviceBuffer, offset: Int = 0, into bytes: UnsafeMutableRawBufferPointer
  ) throws -> Event {
    require(!bytes.isEmpty, "enqueueRead: no bytes, which have no event")
    var event: cl_event?
    try read(buffer, offset, into: bytes, blocking: false, &event)
    return try own(event, "clEnqueueReadBuffer")
  }

  private func read(
    _ buffer: DeviceBuffer, _ offset: Int, into bytes: UnsafeMutableRawBufferPointer,
    blocking: Bool, _ event: UnsafeMutablePointer<cl_event?>?
  ) throws {
    buffer.requireRange(offset, bytes.count, "read")
    guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
    let status = clEnqueueReadBuffer(
      handle, buffer.handle, cl_bool(blocking ? CL_TRUE : CL_FALSE), offset, bytes.count, start, 0,
      nil, event)
    try check(
      status, "clEnqueueReadBuffer", device: context.device.name,
      detail: "\(bytes.count) bytes at \(offset) of a buffer of \(buffer.byteCount)")
  }

  /// Copies `byteCount` bytes from one buffer to another, or within one where they do not overlap.
  package func enqueueCopy(
    from source: DeviceBuffer, sourceOffset: Int = 0, to target: DeviceBuffer,
    targetOffset: Int = 0, byteCount: Int
  ) throws {
    source.requireRange(sourceOffset, byteCount, "enqueueCopy, source")
    target.requireRange(targetOffset, byteCount, "enqueueCopy, target")
    if byteCount == 0 { return }
    let status = clEnqueueCopyBuffer(
      handle, source.handle, target.handle, sourceOffset, targetOffset, byteCount, 0, nil, nil)
    try check(
      status, "clEnqueueCopyBuffer", device: context.device.name,
      detail: "\(byteCount) bytes from \(sourceOffset) to \(targetOffset)")
  }

  /// Fills `byteCount` bytes, or all to the end, with repetitions of `value`.
  ///
  /// - Precondition: The value's size is a power of two up to 128 that divides the offset and the
  ///   number of bytes.
  package func enqueueFill<Value: BitwiseCopyable>(
    _ buffer: DeviceBuffer, with value: Value, offset: Int = 0, byteCount: Int? = nil
  ) throws {
    let byteCount = byteCount ?? buffer.byteCount - offset
    buffer.requireRange(offset, byteCount, "enqueueFill")
    let size = MemoryLayout<Value>.size
    require(
      offset % size == 0 && byteCount % size == 0,
      "enqueueFill: \(byteCount) bytes at \(offset) are no whole number of values of \(size)")
    if byteCount == 0 { return }
    let status = withUnsafeBytes(of: value) {
      clEnqueueFillBuffer(
        handle, buffer.handle, $0.baseAddress, size, offset, byteCount, 0, nil, nil)
    }
    try check(
      status, "clEnqueueFillBuffer", device: context.device.name,
      detail: "\(byteCount) bytes at \(offset) with a pattern of \(size)")
  }
}
