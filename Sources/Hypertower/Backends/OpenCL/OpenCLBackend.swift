internal import Kernels
package import OpenCL

/// Runs programs on an OpenCL device.
///
/// All kernels of a program are built as one OpenCL program; preparing binds their arguments, so a
/// run enqueues launches and does nothing else.
package final class OpenCLBackend: Backend {
  private let context: Context
  package let queue: CommandQueue
  private let cache: ProgramCache
  private let profile: DeviceProfile
  private var runsSinceFlush = 0

  /// After how many runs the device is told to start on what was enqueued.
  private static let flushInterval = 8

  package init(
    _ device: OpenCL.Device, profile: DeviceProfile? = nil,
    cache: ProgramCache = ProgramCache(directory: nil)
  ) throws {
    context = try Context(device: device)
    queue = try CommandQueue(context)
    self.cache = cache
    self.profile = profile ?? DeviceProfile(for: device)
  }

  package var description: String { "\(context.device)" }
  package var realSize: Int { MemoryLayout<Float>.size }
  /// What the driver allows, and of the device's memory at most a half, to leave room for the rest.
  package var largestArray: Int {
    Swift.min(context.device.maxAllocationSize, context.device.globalMemorySize / 2)
  }

  // MARK: Memory

  package func allocate(_ type: ElementType, count: Int) throws -> any DeviceArray {
    // Kernels count elements in int32.
    guard count <= Int(Int32.max) else {
      throw OpenCLError(
        code: -61, call: "clCreateBuffer", device: context.device.name,
        detail: "\(count) elements asked for; arrays have at most \(Int32.max)")
    }
    let array = OpenCLArray(
      type, count: count,
      buffer: try DeviceBuffer(byteCount: count * type.openCLSize, in: context))
    if count > 0 { try queue.enqueueFill(array.buffer, with: UInt8(0)) }
    return array
  }

  package func write(_ values: HostArray, to array: any DeviceArray, at offset: Int) throws {
    let array = own(array)
    func write<Element>(_ values: [Element]) throws {
      try values.withUnsafeBytes { bytes in
        try queue.enqueueWrite(
          array.buffer, offset: offset * MemoryLayout<Element>.stride, bytes: bytes,
          blocking: true)
      }
    }
    switch (values, array.type) {
    case (.float32(let values), .real): try write(values)
    case (.float64(let values), .real): try write(values.map { Float($0) })
    case (.int32(let values), .int32): try write(values)
    case (.bytes(let values), .byte): try write(values)
    default: fatalError("OpenCLBackend: \(values) do not go into an array of \(array.type)")
    }
  }

  package func read(_ range: Range<Int>, of array: any DeviceArray) throws -> HostArray {
    let array = own(array)
    func read<Element>(_ zero: Element) throws -> [Element] {
      var values = [Element](repeating: zero, count: range.count)
      try values.withUnsafeMutableBytes { bytes in
        try queue.read(
          array.buffer, offset: range.lowerBound * MemoryLayout<Element>.stride, into: bytes)
      }
      return values
    }
    switch array.type {
    case .real: return .float32(try read(0))
    case .int32: return .int32(try read(0))
    case .byte: return .bytes(try read(0))
    }
  }

  private func own(_ array: any DeviceArray) -> OpenCLArray {
    guard let array = array as? OpenCLArray else {
      fatalError("OpenCLBackend: an array of another backend")
    }
    return array
  }

  // MARK: Programs

  package func prepare(
    _ program: Program, arrays: [any DeviceArray]
  ) throws -> any Executable {
    let buffers = arrays.map { own($0).buffer }
    let steps = program.instructions.flatMap { self.steps(for: $0) }
    let plans = steps.compactMap { step -> KernelPlan? in
      guard case .kernel(let plan) = step else { return nil }
      return plan
    }
    let source = KernelSource(plans, profile)
    let built =
      plans.isEmpty
      ? nil : try context.program(source: source.text, options: options, cache: cache)
    var scratch: [Int: DeviceBuffer] = [:]
    var number = 0
    let launches = try steps.map { step -> OpenCLExecutable.Launch in
      switch step {
      case .clblast(let product, let result):
        let c = try scratchBuffer(result, product.rows * product.columns, &scratch)
        return .clblast(product, buffers, c)
      case .kernel(let plan):
        defer { number += 1 }
        let kernel = try Kernel(source.kernelNames[number], of: built!)
        for (index, argument) in plan.arguments.enumerated() {
          switch argument {
          case .buffer(let buffer): try kernel.setArgument(index, buffers[buffer])
          case .number(let value): try kernel.setArgument(index, value)
          case .table(let values): try kernel.setArgument(index, try table(values))
          case .scratch(let key, let count):
            try kernel.setArgument(index, try scratchBuffer(key, count, &scratch))
          }
        }
        return .kernel(kernel, plan.size)
      }
    }
    return OpenCLExecutable(launches)
  }

  package func run(_ executable: any Executable) throws {
    guard let executable = executable as? OpenCLExecutable else {
      fatalError("OpenCLBackend: a program of another backend")
    }
    try executable.enqueue(on: queue)
    runsSinceFlush += 1
    if runsSinceFlush == Self.flushInterval {
      try queue.flush()
      runsSinceFlush = 0
    }
  }

  package func synchronize() throws { try queue.finish() }

  private var options: String {
    var options =
      "-cl-std=CL1.2 -D WIDTH=\(profile.width) -D ROW_LANES=\(profile.lanes) "
      + "-D TOWER_LANES=\(profile.towerLanes)"
    if context.device.correctlyRoundsDivideAndSqrt {
      options += " -cl-fp32-correctly-rounded-divide-sqrt"
    }
    return options
  }

  private func table(_ values: [Int32]) throws -> DeviceBuffer {
    let array = try allocate(.int32, count: values.count)
    try write(.int32(values), to: array, at: 0)
    return own(array).buffer
  }

  /// Launches run in order, so that all of a program may share scratch memory of one number only
  /// if it is large enough; each asks for its own.
  private func scratchBuffer(
    _ key: Int, _ count: Int, _ scratch: inout [Int: DeviceBuffer]
  ) throws -> DeviceBuffer {
    if let known = scratch[key], known.byteCount >= count * realSize { return known }
    let buffer = own(try allocate(.real, count: count)).buffer
    scratch[key] = buffer
    return buffer
  }

  /// What an instruction becomes.
  private enum Step {
    case kernel(KernelPlan)
    /// The bare product into scratch memory of that number.
    case clblast(MatrixProduct, scratch: Int)
  }

  private func steps(for instruction: Instruction) -> [Step] {
    switch instruction {
    case .loopNest(let nest):
      return [.kernel(LoopNestCode.plan(nest, profile))]
    case .matrixProduct(let product):
      // CLBlast refuses empty sums.
      guard profile.matrixSchedule == .clblast, product.inner > 0 else {
        let fallback = profile.matrixSchedule == .clblast ? DeviceProfile.cpu : profile
        return MatrixProductCode.plans(product, fallback).map { .kernel($0) }
      }
      return [
        .clblast(product, scratch: 1),
        .kernel(EpilogueCode.plan(product, scratch: 1, profile)),
      ]
    case .gatherBatch(let gather):
      return [.kernel(GatherCode.plan(gather, profile))]
    case .increment(let counter):
      return [.kernel(GatherCode.plan(incrementing: counter))]
    case .projectGradient(let projection):
      return [.kernel(BottomRuleCode.plan(projection, profile))]
    case .walkTower(let walk):
      return [.kernel(TowerCode.plan(walk, profile))]
    case .updateParameters(let update):
      return [.kernel(BottomRuleCode.plan(update, profile))]
    }
  }
}

/// Memory of an OpenCL device.
final class OpenCLArray: DeviceArray {
  let type: ElementType
  let count: Int
  let buffer: DeviceBuffer

  init(_ type: ElementType, count: Int, buffer: DeviceBuffer) {
    self.type = type
    self.count = count
    self.buffer = buffer
  }
}

extension ElementType {
  /// The size of an element in bytes.
  var openCLSize: Int {
    switch self {
    case .real, .int32: 4
    case .byte: 1
    }
  }
}

/// A program whose kernels are built and bound.
final class OpenCLExecutable: Executable {
  enum Launch {
    case kernel(Kernel, LaunchSize)
    case clblast(MatrixProduct, [DeviceBuffer], DeviceBuffer)
  }

  private let launches: [Launch]

  init(_ launches: [Launch]) { self.launches = launches }

  func enqueue(on queue: CommandQueue) throws {
    for launch in launches {
      switch launch {
      case .kernel(let kernel, let size):
        try queue.enqueue(kernel, size)
      case .clblast(let product, let buffers, let result):
        try CLBlast.sgemm(
          m: product.rows, n: product.columns, k: product.inner,
          a: matrix(product.left, product.rows, product.inner, buffers),
          b: matrix(product.right, product.inner, product.columns, buffers),
          c: CLBlast.Matrix(result, leadingDimension: product.columns), on: queue)
      }
    }
  }

  private func matrix(
    _ operand: MatrixProduct.Operand, _ rows: Int, _ columns: Int, _ buffers: [DeviceBuffer]
  ) -> CLBlast.Matrix {
    CLBlast.Matrix(
      buffers[operand.span.buffer], offset: operand.span.offset,
      leadingDimension: operand.isTransposed ? rows : columns,
      isTransposed: operand.isTransposed)
  }
}

/// The source of a program: what all kernels share, then one kernel after another.
///
/// Launches of equal source share a kernel.
struct KernelSource {
  let text: String
  /// The kernel of each launch.
  let kernelNames: [String]

  /// The functions that templates define besides their kernel.
  private static let ownNames = [
    "EPILOGUE", "UNIFORMS", "KERNEL_HASH", "KERNEL_PERMUTE", "KERNEL_QUOTIENT",
  ]

  init(_ plans: [KernelPlan], _ profile: DeviceProfile) {
    var text =
      "#define LANES ROW_LANES\n" + String(cString: kernels_common())
      + "#if TOWER_LANES > 1\n"
      + "#define TOWER_BARRIER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);\n"
      + "#else\n#define TOWER_BARRIER\n#endif\n"
    var known: [String: String] = [:]
    kernelNames = plans.map { plan in
      if let name = known[plan.source] { return name }
      let name = "kernel\(known.count)"
      known[plan.source] = name
      // Names that a template defines are made this kernel's own.
      text += "\n#define KERNEL \(name)\n"
      for own in Self.ownNames { text += "#define \(own) \(name)_\(own.lowercased())\n" }
      text += plan.source
      for own in ["KERNEL"] + Self.ownNames { text += "#undef \(own)\n" }
      return name
    }
    self.text = text
  }
}
