internal import OpenCL

/// Plans the launches of programs, builds their kernels and binds their arguments.
extension OpenCLBackend {
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
