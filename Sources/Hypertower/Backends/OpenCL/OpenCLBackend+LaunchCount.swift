/// How a program is launched.
package struct LaunchCount: Equatable {
  /// The number of launches of a replay.
  package let launches: Int
  /// The most replays that one launch may take; above 1 only where `launches` is 1.
  package let replays: Int
}

extension OpenCLBackend {
  /// How `prepare` launches a program, found without building it.
  ///
  /// - Parameter alternatives: as in `prepare`; the arrays may be another backend's.
  func launchCount(
    of program: Program, alternatives: [[(any DeviceArray)?]]
  ) -> LaunchCount {
    var program = program
    let profile = profile.suited(to: program)
    let works = DeviceWork.all(of: &program, profile)
    let plan = LaunchPlan(works, fuses: program.fuses, profile)
    let memory = MemoryPlan(program.buffers, uses: plan.buffersInUse)
    let varying = alternatives[0].indices.filter { buffer in
      alternatives.contains { $0[buffer] !== alternatives[0][buffer] }
    }
    var source = KernelSource(program.buffers)
    if joinsPhases,
      let joined = LaunchCode.joinedLaunch(
        plan, of: works, profile, varying: Set(varying), alternatives: alternatives.count,
        mostReplays: Self.flushInterval, arena: arena(of: memory), &source),
      joined.arguments.count <= profile.mostArguments
    {
      return LaunchCount(launches: 1, replays: joined.mostReplays)
    }
    source = KernelSource(program.buffers)
    let launches = LaunchCode.launches(
      plan, of: works, profile, joinsPhases: joinsPhases, &source)
    return LaunchCount(launches: Self.count(launches), replays: 1)
  }

  private static func count(_ launches: [LaunchCode.Launch]) -> Int {
    launches.reduce(0) { sum, launch in
      switch launch {
      case .kernel, .clblast, .loop: sum + 1
      case .passes(let inner, let count): sum + count * Self.count(inner)
      }
    }
  }
}
