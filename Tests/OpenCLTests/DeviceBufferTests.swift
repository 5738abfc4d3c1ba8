import OpenCL
import Testing

@Suite struct DeviceBufferTests {
  @Test(arguments: TestDevices.all)
  func emptyBufferCanBeUsed(_ device: OpenCLDevice) throws {
    let queue = try CommandQueue(try DeviceContext(device: device))
    let empty = try queue.makeBuffer([])
    #expect(empty.byteCount == 0)
    #expect(try queue.floats(empty, count: 0) == [])
    try queue.enqueueFill(empty, with: Float(1))
    try queue.enqueueCopy(from: empty, to: empty, byteCount: 0)
    let kernel = try Kernel("read_past_end", of: try readPastEnd(queue.context))
    let output = try DeviceBuffer(byteCount: 64, in: queue.context)
    try kernel.setArgument(0, empty)
    try kernel.setArgument(1, output)
    try kernel.setArgument(2, Int32(0))
    try queue.enqueue(kernel, global: [1])
    try queue.finish()
  }

  @Test(arguments: TestDevices.all)
  func newBuffersAreFilledWhereAskedForPaddingIncluded(_ device: OpenCLDevice) throws {
    let context = try DeviceContext(device: device, fillNewBuffersWith: 0xFF)
    let queue = try CommandQueue(context)
    for count in [0, 1, 15, 16, 17, 1000] {
      let buffer = try DeviceBuffer(byteCount: count * 4, in: context)
      #expect(try queue.floats(buffer, count: count).allSatisfy(\.isNaN))

      let kernel = try Kernel("read_past_end", of: try readPastEnd(context))
      let output = try queue.makeBuffer(Array(repeating: 0, count: 16))
      try kernel.setArgument(0, buffer)
      try kernel.setArgument(1, output)
      try kernel.setArgument(2, Int32(count))
      try queue.enqueue(kernel, global: [1])
      #expect(try queue.floats(output, count: 16).allSatisfy(\.isNaN))
    }
  }

  @Test(arguments: TestDevices.all)
  func tooLargeBufferSaysWhatWasAskedFor(_ device: OpenCLDevice) throws {
    for fill in [nil, 0xFF] as [UInt8?] {
      let context = try DeviceContext(device: device, fillNewBuffersWith: fill)
      for byteCount in [Int.max, Int.max - 100, device.globalMemorySize * 1000] {
        let error = try #require(throws: OpenCLError.self) {
          _ = try DeviceBuffer(byteCount: byteCount, in: context)
        }
        #expect(error.isOutOfMemory, "\(error)")
        let text = error.description
        #expect(text.contains("\(byteCount) bytes asked for"), "\(error)")
        #expect(text.contains("\(device.maxAllocationSize) to one buffer"), "\(error)")
        #expect(text.contains("\(device.globalMemorySize) in all"), "\(error)")
        #expect(text.contains(device.name), "\(error)")
      }
    }
  }

  private func readPastEnd(_ context: DeviceContext) throws -> OpenCLProgram {
    try context.program(
      source: """
        kernel void read_past_end(global const float *input, global float *output, int end) {
          vstore16(vload16(0, input + end), 0, output);
        }
        """, cache: ProgramCache(directory: nil))
  }
}
