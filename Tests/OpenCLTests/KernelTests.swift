import OpenCL
import Testing

@Suite struct KernelTests {
  private static let source = """
    kernel void add(global const float *a, global const float *b, global float *sum) {
      size_t i = get_global_id(0);
      sum[i] = a[i] + b[i];
    }
    kernel void store(global float *output, int a, uint b, ulong c, float d) {
      output[0] = a;
      output[1] = b;
      output[2] = c >> 32;
      output[3] = d;
    }
    kernel void reverse_groups(global float *values, local float *group) {
      group[get_local_id(0)] = values[get_global_id(0)];
      barrier(CLK_LOCAL_MEM_FENCE);
      values[get_global_id(0)] = group[get_local_size(0) - 1 - get_local_id(0)];
    }
    """

  private func queueAndProgram(_ device: OpenCLDevice) throws -> (CommandQueue, OpenCLProgram) {
    let context = try DeviceContext(device: device)
    let program = try context.program(source: Self.source, cache: ProgramCache(directory: nil))
    return (try CommandQueue(context), program)
  }

  @Test(arguments: TestDevices.all)
  func vectorsAreAdded(_ device: OpenCLDevice) throws {
    let (queue, program) = try queueAndProgram(device)
    let values = (0..<1000).map(Float.init)
    let sum = try DeviceBuffer(byteCount: 4000, in: queue.context)
    let kernel = try Kernel("add", of: program)
    try kernel.setArgument(0, try queue.makeBuffer(values))
    try kernel.setArgument(1, try queue.makeBuffer(values.map { 0.5 - $0 * 3 }))
    try kernel.setArgument(2, sum)
    try queue.enqueue(kernel, LaunchSize(global: [1000], local: [10]))
    #expect(try queue.floats(sum, count: 1000) == values.map { 0.5 - 2 * $0 })
  }

  @Test(arguments: TestDevices.all)
  func everyKindOfValueArrives(_ device: OpenCLDevice) throws {
    let (queue, program) = try queueAndProgram(device)
    let output = try DeviceBuffer(byteCount: 16, in: queue.context)
    let kernel = try Kernel("store", of: program)
    try kernel.setArgument(0, output)
    try kernel.setArgument(1, Int32(-7))
    try kernel.setArgument(2, UInt32(4_000_000_000))
    try kernel.setArgument(3, UInt64(9) << 32)
    try kernel.setArgument(4, Float(0.25))
    try queue.enqueue(kernel, global: [1])
    #expect(try queue.floats(output, count: 4) == [-7, 4e9, 9, 0.25])
  }

  @Test(arguments: TestDevices.all)
  func localMemoryIsShared(_ device: OpenCLDevice) throws {
    let (queue, program) = try queueAndProgram(device)
    let values = try queue.makeBuffer([1, 2, 3, 4, 5, 6, 7, 8])
    let kernel = try Kernel("reverse_groups", of: program)
    try kernel.setArgument(0, values)
    try kernel.setLocalMemory(1, byteCount: 16)
    #expect(try kernel.maxWorkGroupSize() >= 4)
    try queue.enqueue(kernel, global: [8], local: [4])
    #expect(try queue.floats(values, count: 8) == [4, 3, 2, 1, 8, 7, 6, 5])
  }

  @Test(arguments: TestDevices.all)
  func kernelsOfOneProgramHoldTheirOwnArguments(_ device: OpenCLDevice) throws {
    let (queue, program) = try queueAndProgram(device)
    let outputs = try (0..<2).map { _ in try DeviceBuffer(byteCount: 16, in: queue.context) }
    let kernels = try outputs.enumerated().map { index, output in
      let kernel = try Kernel("store", of: program)
      try kernel.setArgument(0, output)
      try kernel.setArgument(1, Int32(index))
      try kernel.setArgument(2, UInt32(0))
      try kernel.setArgument(3, UInt64(0))
      try kernel.setArgument(4, Float(10 + index))
      return kernel
    }
    for kernel in kernels { try queue.enqueue(kernel, global: [1]) }
    #expect(try queue.floats(outputs[0], count: 4) == [0, 0, 0, 10])
    #expect(try queue.floats(outputs[1], count: 4) == [1, 0, 0, 11])
  }

  @Test(arguments: TestDevices.all)
  func boundBuffersAreRetained(_ device: OpenCLDevice) throws {
    let (queue, program) = try queueAndProgram(device)
    let kernel = try Kernel("add", of: program)
    weak var input: DeviceBuffer?
    try {
      let buffer = try queue.makeBuffer([1, 2])
      input = buffer
      try kernel.setArgument(0, buffer)
      try kernel.setArgument(1, buffer)
    }()
    #expect(input != nil)
    let sum = try DeviceBuffer(byteCount: 8, in: queue.context)
    try kernel.setArgument(2, sum)
    try queue.enqueue(kernel, global: [2])
    #expect(try queue.floats(sum, count: 2) == [2, 4])

    try kernel.setArgument(0, sum)
    #expect(input != nil)
    try kernel.setArgument(1, sum)
    #expect(input == nil)
  }

  /// One row a mistake: what is done with the kernel `store`, and what the error must say.
  @Test(arguments: TestDevices.all)
  func mistakesAreExplained(_ device: OpenCLDevice) throws {
    let (queue, program) = try queueAndProgram(device)
    let kernel = try Kernel("store", of: program)
    let table: [(parts: [String], action: () throws -> Void)] = [
      (
        ["CL_INVALID_KERNEL_NAME", "clCreateKernel", "'subtract'", "add;"],
        { _ = try Kernel("subtract", of: program) }
      ),
      (
        ["CL_INVALID_ARG_INDEX", "clSetKernelArg", "argument 5", "'store'"],
        { try kernel.setArgument(5, Float(1)) }
      ),
      (
        ["CL_INVALID_ARG_INDEX", "clSetKernelArg", "argument -1"],
        { try kernel.setArgument(-1, Float(1)) }
      ),
      (
        ["CL_INVALID_ARG_SIZE", "argument 1 of kernel 'store', 8 bytes", "type"],
        { try kernel.setArgument(1, UInt64(1)) }
      ),
      (
        ["CL_INVALID_KERNEL_ARGS", "clEnqueueNDRangeKernel", "'store', global [1], local any"],
        { try queue.enqueue(try Kernel("store", of: program), global: [1]) }
      ),
    ]
    for (parts, action) in table {
      let error = try #require(throws: OpenCLError.self) { try action() }
      for part in parts + [device.name] {
        #expect(error.description.contains(part), "no '\(part)' in: \(error)")
      }
    }
  }

  @Test(arguments: TestDevices.all)
  func tooLargeGroupIsExplained(_ device: OpenCLDevice) throws {
    let (queue, program) = try queueAndProgram(device)
    let kernel = try Kernel("reverse_groups", of: program)
    let size = device.maxWorkGroupSize * 2
    try kernel.setArgument(0, try DeviceBuffer(byteCount: size * 4, in: queue.context))
    try kernel.setLocalMemory(1, byteCount: 4)
    let error = try #require(throws: OpenCLError.self) {
      try queue.enqueue(kernel, global: [size], local: [size])
    }
    #expect(error.name == "CL_INVALID_WORK_GROUP_SIZE" || error.name == "CL_INVALID_WORK_ITEM_SIZE")
    #expect(error.description.contains("global [\(size)], local [\(size)]"))
  }
}
