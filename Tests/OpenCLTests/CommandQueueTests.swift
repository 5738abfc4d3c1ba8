import OpenCL
import Testing

@Suite struct CommandQueueTests {
  private static let source =
    "kernel void double_all(global float *x) { x[get_global_id(0)] *= 2; }"

  private func kernel(_ context: DeviceContext, _ buffer: DeviceBuffer) throws -> Kernel {
    let program = try context.program(source: Self.source, cache: ProgramCache(directory: nil))
    let kernel = try Kernel("double_all", of: program)
    try kernel.setArgument(0, buffer)
    return kernel
  }

  @Test(arguments: TestDevices.all)
  func onlyCallsThatWaitAreCounted(_ device: OpenCLDevice) throws {
    let queue = try CommandQueue(try DeviceContext(device: device))
    let buffer = try DeviceBuffer(byteCount: 16, in: queue.context)
    let kernel = try kernel(queue.context, buffer)
    let values: [Float] = [1, 2, 3, 4]
    try values.withUnsafeBytes { bytes in
      try queue.enqueueWrite(buffer, bytes: bytes, blocking: false)
      try queue.enqueueFill(buffer, with: Float(0), offset: 0, byteCount: 4)
      try queue.enqueueCopy(from: buffer, to: buffer, targetOffset: 8, byteCount: 4)
      for _ in 0..<3 { try queue.enqueue(kernel, LaunchSize(global: [4])) }
      try queue.enqueue(kernel, LaunchSize(global: [0]))
      try queue.flush()
      #expect(queue.blockingCalls == 0)
      #expect(queue.enqueuedKernels == 3)
      try queue.finish()
      #expect(queue.blockingCalls == 1)
      _ = try queue.floats(buffer, count: 4)
      #expect(queue.blockingCalls == 2)
      try queue.enqueueWrite(buffer, bytes: bytes, blocking: true)
      #expect(queue.blockingCalls == 3)
    }
  }

  @Test(arguments: TestDevices.all)
  func aWriteIsWaitedFor(_ device: OpenCLDevice) throws {
    let queue = try CommandQueue(try DeviceContext(device: device))
    let buffer = try queue.makeBuffer([0, 1, 2])
    try [Float(5), 6].withUnsafeBytes { bytes in
      let event = try queue.enqueueWrite(buffer, offset: 4, bytes: bytes)
      #expect(queue.blockingCalls == 1)
      try queue.wait(for: event)
      #expect(queue.blockingCalls == 2)
    }
    #expect(try queue.floats(buffer, count: 3) == [0, 5, 6])
  }

  @Test(arguments: TestDevices.all)
  func transfersReachTheirOffsets(_ device: OpenCLDevice) throws {
    let queue = try CommandQueue(try DeviceContext(device: device))
    let buffer = try queue.makeBuffer([0, 1, 2, 3, 4, 5])
    try [Float(10), 11].withUnsafeBytes {
      try queue.enqueueWrite(buffer, offset: 4, bytes: $0, blocking: true)
    }
    #expect(try queue.floats(buffer, count: 6) == [0, 10, 11, 3, 4, 5])
    try queue.enqueueCopy(from: buffer, sourceOffset: 4, to: buffer, targetOffset: 16, byteCount: 8)
    #expect(try queue.floats(buffer, count: 6) == [0, 10, 11, 3, 10, 11])
    try queue.enqueueFill(buffer, with: Float(7), offset: 8, byteCount: 12)
    #expect(try queue.floats(buffer, count: 6) == [0, 10, 7, 7, 7, 11])
    try queue.enqueueFill(buffer, with: Float(-1), offset: 12)
    #expect(try queue.floats(buffer, count: 6) == [0, 10, 7, -1, -1, -1])
    #expect(try queue.floats(buffer, count: 2, offset: 4) == [10, 7])
  }

  @Test(arguments: TestDevices.all)
  func commandsRunInOrderInThreeDimensions(_ device: OpenCLDevice) throws {
    let queue = try CommandQueue(try DeviceContext(device: device))
    let output = try DeviceBuffer(byteCount: 24 * 4, in: queue.context)
    let program = try queue.context.program(
      source: """
        kernel void number(global float *x) {
          size_t i = (get_global_id(2) * get_global_size(1) + get_global_id(1))
            * get_global_size(0) + get_global_id(0);
          x[i] = 100 * get_local_size(0) + 10 * get_global_id(2) + i;
        }
        """, cache: ProgramCache(directory: nil))
    let number = try Kernel("number", of: program)
    try number.setArgument(0, output)
    let double = try kernel(queue.context, output)
    try queue.enqueue(number, global: [4, 3, 2], local: [2, 1, 1])
    try queue.enqueue(double, global: [24])
    let expected = (0..<24).map { (i: Int) -> Float in Float(2 * (200 + 10 * (i / 12) + i)) }
    #expect(try queue.floats(output, count: 24) == expected)
  }

  @Test(arguments: TestDevices.all)
  func profilingMeasuresAKernel(_ device: OpenCLDevice) throws {
    let context = try DeviceContext(device: device)
    let buffer = try DeviceBuffer(byteCount: 400_000, in: context)
    let kernel = try kernel(context, buffer)
    let size = LaunchSize(global: [100_000])

    let queue = try CommandQueue(context, profiling: true)
    let event = try queue.enqueueTimed(kernel, size)
    let time = try queue.nanoseconds(of: event)
    #expect((1...10_000_000_000).contains(time))
    #expect(queue.blockingCalls == 1)
    #expect(queue.enqueuedKernels == 1)

    let plain = try CommandQueue(context)
    let untimed = try plain.enqueueTimed(kernel, size)
    let error = try #require(throws: OpenCLError.self) { try plain.nanoseconds(of: untimed) }
    #expect(error.name == "CL_PROFILING_INFO_NOT_AVAILABLE")
  }
}
