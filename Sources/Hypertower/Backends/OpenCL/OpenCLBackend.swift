internal import Kernels
package import OpenCL

/// Runs programs on an OpenCL device.
///
/// Preparing a program plans its launches, builds all kernels as one OpenCL program and binds their
/// arguments, so that a run enqueues launches and does nothing else.
package final class OpenCLBackend: Backend {
  let context: DeviceContext
  package let queue: CommandQueue
  private let cache: ProgramCache
  let profile: DeviceProfile
  private var runsSinceFlush = 0
  /// Whether the device times every launch.
  private let isTimed: Bool
  /// Whether the device has a fence, known to `phases.cl`, that orders memory for all work-groups.
  package let canJoinPhases: Bool
  /// Whether one launch goes through phases one after another.
  let joinsPhases: Bool
  private var timings: [(label: String, event: Event)] = []
  /// Is told what makes programs slower than they could be.
  private let warn: @Sendable (String) -> Void
  private var hasWarnedOfArguments = false

  /// After how many runs the device is told to start on what was enqueued; also the most replays of
  /// one launch: enough that launching costs next to nothing, and few enough that work-groups that
  /// have left it are soon back.
  static let flushInterval = 8

  /// - Parameters:
  ///   - device: where programs run.
  ///   - profile: how kernels are laid out; default: as suits the kind of device.
  ///   - cache: where built kernels are kept; default: nowhere.
  ///   - choices: what tuning has found; default: what `profile` has.
  ///   - isTimed: whether the device measures every launch, for which phases are launches of their
  ///     own; default: false.
  ///   - byte: what new memory is filled with, to find out what is read before it was written;
  ///     default: nothing.
  ///   - warn: is told, in a line, what makes programs slower than they could be.
  package init(
    _ device: OpenCLDevice, profile: DeviceProfile? = nil,
    cache: ProgramCache = ProgramCache(directory: nil), choices: TuningChoices? = nil,
    isTimed: Bool = false, fillNewBuffersWith byte: UInt8? = nil,
    warn: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    self.warn = warn
    context = try DeviceContext(device: device, fillNewBuffersWith: byte)
    queue = try CommandQueue(context, profiling: isTimed)
    self.isTimed = isTimed
    self.cache = cache
    var profile = profile ?? DeviceProfile(for: device)
    if let choices { profile.choices = choices }
    self.profile = profile
    canJoinPhases = device.kind == .cpu || device.takesPTX
    // Phases of one launch have no times of their own.
    joinsPhases =
      canJoinPhases && !isTimed && (profile.choices.joinsPhases ?? profile.joinsPhases)
  }

  /// A backend on the same device that uses other choices.
  package func with(_ choices: TuningChoices) throws -> OpenCLBackend {
    var profile = profile
    profile.choices = choices
    return try OpenCLBackend(context.device, profile: profile, cache: cache)
  }

  /// Whether one launch goes through phases one after another where tuning has found nothing.
  package var joinsPhasesByDefault: Bool { profile.joinsPhases }

  /// What tuning has found and programs use.
  package var choices: TuningChoices { profile.choices }

  package var description: String { "\(context.device)" }
  /// The number of bytes of device memory in use.
  package var allocatedBytes: Int { context.allocatedBytes }
  package var realSize: Int { MemoryLayout<Float>.size }
  package var memorySize: Int { context.device.globalMemorySize }
  /// What the driver allows, and of the device's memory at most a half, to leave room for the rest.
  package var largestArray: Int {
    Swift.min(context.device.maxAllocationSize, context.device.globalMemorySize / 2)
  }

  // MARK: Memory

  package func allocate(_ type: ElementType, count: Int) throws -> any DeviceArray {
    let array = OpenCLArray(type, count: count, buffer: try buffer(type, count: count))
    if count > 0 { try queue.enqueueFill(array.buffer, with: UInt8(0)) }
    return array
  }

  /// Memory that holds anything.
  private func buffer(_ type: ElementType, count: Int) throws -> DeviceBuffer {
    // Kernels count elements in int32.
    guard count <= Int(Int32.max) else {
      throw OpenCLError(
        code: -61, call: "clCreateBuffer", device: context.device.name,
        detail: "\(count) elements asked for; arrays have at most \(Int32.max)")
    }
    return try DeviceBuffer(byteCount: count * type.openCLSize, in: context)
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

  package func send(
    _ numbers: UnsafeRawBufferPointer, to array: any DeviceArray, at offset: Int
  ) throws -> any Transfer {
    guard !numbers.isEmpty else { return FinishedTransfer() }
    let array = own(array)
    let event = try queue.enqueueWrite(
      array.buffer, offset: offset * array.type.openCLSize, bytes: numbers)
    return try started(OpenCLTransfer(event: event, queue: queue))
  }

  private func started(_ transfer: OpenCLTransfer) throws -> any Transfer {
    do {
      try queue.flush()
    } catch {
      // Whoever called frees the memory.
      try? transfer.wait()
      throw error
    }
    return transfer
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

  package func receive(
    _ range: Range<Int>, of array: any DeviceArray, into bytes: UnsafeMutableRawBufferPointer
  ) throws -> any Transfer {
    guard !bytes.isEmpty else { return FinishedTransfer() }
    let array = own(array)
    let event = try queue.enqueueRead(
      array.buffer, offset: range.lowerBound * array.type.openCLSize, into: bytes)
    return try started(OpenCLTransfer(event: event, queue: queue))
  }

  private func own(_ array: any DeviceArray) -> OpenCLArray {
    guard let array = array as? OpenCLArray else {
      fatalError("OpenCLBackend: an array of another backend")
    }
    return array
  }

  // MARK: Programs

  package func prepare(
    _ program: Program, alternatives: [[(any DeviceArray)?]]
  ) throws -> any Executable {
    for arrays in alternatives {
      // What depends on what is told by the numbers of buffers.
      let known = arrays.compactMap { $0.map { ObjectIdentifier($0) } }
      require(Set(known).count == known.count, "prepare: an array stands for two buffers")
    }
    ProgramValidator.check(program, alternatives: alternatives)
    var program = program
    let profile = profile.suited(to: program)
    let works = DeviceWork.all(of: &program, profile)
    let plan = LaunchPlan(works, fuses: program.fuses, profile)
    let memory = MemoryPlan(program.buffers, uses: plan.buffersInUse)
    memory.check(program.buffers, uses: plan.buffersInUse)
    var memories = alternatives.map { arrays in
      LaunchMemory(
        buffers: program.buffers.indices.map { buffer in
          buffer < arrays.count ? arrays[buffer].map { own($0).buffer } : nil
        })
    }
    let varying = program.buffers.indices.filter { buffer in
      memories.contains { $0.buffers[buffer] !== memories[0].buffers[buffer] }
    }

    var source = KernelSource(program.buffers)
    let arena = joinsPhases ? arena(of: memory) : nil
    if arena == nil { try bindSlots(of: memory, to: &memories) }
    if joinsPhases,
      let joined = LaunchCode.joinedLaunch(
        plan, of: works, profile, varying: Set(varying), alternatives: alternatives.count,
        mostReplays: Self.flushInterval, arena: arena, &source)
    {
      if joined.arguments.count <= profile.mostArguments {
        let arrays = try arena.map { try allocate($0) } ?? [:]
        for alternative in memories.indices { memories[alternative].arenas = arrays }
        let built = try self.program(source: source.text)
        return OpenCLExecutable(joined: try bind(joined, of: built, to: memories, 0))
      }
      warnOfArguments(joined.arguments.count, in: plan)
    }
    source = KernelSource(program.buffers)
    let launches = LaunchCode.launches(
      plan, of: works, profile, joinsPhases: joinsPhases, &source)
    if arena != nil { try bindSlots(of: memory, to: &memories) }
    let built = try self.program(source: source.text)
    return OpenCLExecutable(
      alternatives: try memories.indices.map { alternative in
        try launches.map { try bind($0, of: built, to: memories, alternative) }
      })
  }

  /// What the buffers of a program lie in.
  private struct LaunchMemory {
    var buffers: [DeviceBuffer?]
    /// The arrays of temporary buffers, where these share arrays.
    var arenas: [ElementType: DeviceBuffer] = [:]
  }

  /// Gives each slot an array of its own.
  private func bindSlots(of plan: MemoryPlan, to memories: inout [LaunchMemory]) throws {
    let slots = try zip(plan.slotTypes, plan.slotSizes).map { try buffer($0, count: $1) }
    for alternative in memories.indices {
      for (buffer, slot) in plan.slots { memories[alternative].buffers[buffer] = slots[slot] }
    }
  }

  /// Arrays for all temporary buffers of a type; nil where such an array would be too large.
  func arena(of memory: MemoryPlan) -> MemoryPlan.Arena? {
    let arena = memory.arena(alignment: Self.slotAlignment)
    let fits = arena.sizes.allSatisfy { type, count in
      count <= Int(Int32.max) && count * type.openCLSize <= largestArray
    }
    return fits ? arena : nil
  }

  /// The number of elements of which a slot's start is a multiple: a line of any cache, in bytes.
  private static let slotAlignment = 128

  private func allocate(_ arena: MemoryPlan.Arena) throws -> [ElementType: DeviceBuffer] {
    var arrays: [ElementType: DeviceBuffer] = [:]
    for (type, count) in arena.sizes { arrays[type] = try buffer(type, count: count) }
    return arrays
  }

  private func bind(
    _ launch: LaunchCode.Launch, of program: OpenCLProgram, to memories: [LaunchMemory],
    _ alternative: Int
  ) throws -> OpenCLExecutable.Launch {
    switch launch {
    case .kernel(let launch):
      return .kernel(try bind(launch, of: program, to: memories, alternative))
    case .clblast(let product, let result):
      let buffers = memories[alternative].buffers
      return .clblast(product, buffers, buffers[result.buffer]!)
    case .loop(let launch, let count):
      let bound = try bind(launch, of: program, to: memories, alternative)
      try bound.kernel.setArgument(bound.firstAlternative!, Int32(0))
      try bound.kernel.setArgument(bound.replayCount!, Int32(count))
      return .kernel(bound)
    case .passes(let launches, let count):
      return .passes(
        try launches.map { try bind($0, of: program, to: memories, alternative) }, count: count)
    }
  }

  /// Says once that launches cannot be joined.
  private func warnOfArguments(_ count: Int, in plan: LaunchPlan) {
    if hasWarnedOfArguments { return }
    hasWarnedOfArguments = true
    warn(
      "a step needs \(count) kernel arguments, more than the \(profile.mostArguments) that "
        + "\(context.device.name) supports, so it runs as \(plan.launches.count) launches instead "
        + "of one, which takes a little longer; fewer layers need fewer arguments")
  }

  /// Binds the arguments of a launch.
  ///
  /// - Parameter alternative: the list of arrays for buffers that are not of a certain list.
  private func bind(
    _ launch: KernelSource.Launch, of program: OpenCLProgram, to memories: [LaunchMemory],
    _ alternative: Int
  ) throws -> OpenCLExecutable.KernelLaunch {
    let kernel = try Kernel(launch.kernelName, of: program)
    var (firstAlternative, replayCount, iteration): (Int?, Int?, Int?)
    for (index, argument) in launch.arguments.enumerated() {
      switch argument {
      case .buffer(let buffer, let own):
        try kernel.setArgument(index, memories[own ?? alternative].buffers[buffer]!)
      case .arena(let type): try kernel.setArgument(index, memories[alternative].arenas[type]!)
      case .number(let value): try kernel.setArgument(index, value)
      case .table(let values): try kernel.setArgument(index, try table(values))
      case .counters(let count):
        try kernel.setArgument(index, self.own(try allocate(.int32, count: count)).buffer)
      case .firstAlternative: firstAlternative = index
      case .replayCount: replayCount = index
      case .iteration: iteration = index
      }
    }
    let size = LaunchSize(global: [launch.groups * launch.localSize], local: [launch.localSize])
    return .init(
      kernel: kernel, size: size, label: launch.label, firstAlternative: firstAlternative,
      replayCount: replayCount, mostReplays: launch.mostReplays, iteration: iteration)
  }

  package func run(_ executable: any Executable, from alternative: Int, count: Int) throws {
    guard let executable = executable as? OpenCLExecutable else {
      fatalError("OpenCLBackend: a program of another backend")
    }
    for start in stride(from: 0, to: count, by: Self.flushInterval) {
      let (first, count) = (alternative + start, Swift.min(Self.flushInterval, count - start))
      if isTimed {
        timings += try executable.enqueueTimed(from: first, count: count, on: queue)
      } else {
        try executable.enqueue(from: first, count: count, on: queue)
      }
      runsSinceFlush += count
      if runsSinceFlush >= Self.flushInterval {
        try queue.flush()
        runsSinceFlush = 0
      }
    }
  }

  package func synchronize() throws { try queue.finish() }

  /// What each launch since the last call took, in nanoseconds, in the order of launches; none
  /// unless the backend is timed. Waits for them.
  package func takeTimings() throws -> [(label: String, nanoseconds: UInt64)] {
    defer { timings.removeAll() }
    return try timings.map { ($0.label, try queue.nanoseconds(of: $0.event)) }
  }

  func program(source: String) throws -> OpenCLProgram {
    try context.program(source: source, options: options, cache: cache)
  }

  private var options: String {
    var options =
      "-cl-std=CL1.2 -D WIDTH=\(profile.width) -D GROUP_SIZE=\(profile.groupSize)"
    if context.device.takesPTX { options += " -D FENCE_IS_PTX" }
    if !context.device.hasFMA { options += " -D FMA_IS_EMULATED" }
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
}

/// A write or a read that was enqueued.
final class OpenCLTransfer: Transfer {
  private let event: Event
  private let queue: CommandQueue

  init(event: Event, queue: CommandQueue) {
    self.event = event
    self.queue = queue
  }

  func isDone() throws -> Bool { try queue.isDone(event) }
  func wait() throws { try queue.wait(for: event) }
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
