/// Writes the kernels of a program.
enum LaunchCode {
  enum Launch {
    case kernel(KernelSource.Launch)
    case clblast(MatrixProduct, result: Span)
    /// One launch for all passes of a loop.
    case loop(KernelSource.Launch, count: Int)
    /// The launches of a loop's pass, and how often.
    case passes([Launch], count: Int)
  }

  /// The launches of a plan.
  ///
  /// - Parameter joinsPhases: whether loops may be one launch each.
  static func launches(
    _ plan: LaunchPlan, of works: [DeviceWork], _ profile: DeviceProfile, joinsPhases: Bool,
    _ source: inout KernelSource
  ) -> [Launch] {
    plan.launches.map { branches in
      let branches = branches.filter { !$0.works.isEmpty }
      let first = works[branches[0].works[0]]
      if case .clblast(let product, let result) = first.kind {
        return .clblast(product, result: result)
      }
      if case .loop(let body, let count) = first.kind {
        let own = LaunchPlan(body, fuses: plan.fuses, profile)
        if joinsPhases, let launch = loop(own, of: body, profile, count: count, &source) {
          return .loop(launch, count: count)
        }
        return .passes(
          launches(own, of: body, profile, joinsPhases: false, &source), count: count)
      }
      return .kernel(
        source.add(
          branches.map { branch($0, of: works, profile) }, localSize: first.localSize(profile)!))
    }
  }

  /// One launch for all of a plan and any number of replays; nil where the plan does not allow it or
  /// it would gain nothing.
  ///
  /// - Parameters:
  ///   - varying: the buffers that differ between lists of arrays.
  ///   - alternatives: the number of lists.
  ///   - mostReplays: the most replays of a launch.
  ///   - arena: where temporary buffers lie, if they share arrays; default: they do not.
  static func joinedLaunch(
    _ plan: LaunchPlan, of works: [DeviceWork], _ profile: DeviceProfile, varying: Set<Int>,
    alternatives: Int, mostReplays: Int, arena: MemoryPlan.Arena? = nil,
    _ source: inout KernelSource
  ) -> KernelSource.Launch? {
    let operations = works.reduce(0) { $0 + $1.operations }
    guard plan.fuses, !works.isEmpty,
      works.allSatisfy({ $0.localSize(profile) == profile.groupSize }),
      operations <= profile.mostJoinedOperations
    else { return nil }
    let mostReplays = operations <= profile.mostRepeatedOperations ? mostReplays : 1
    // A GPU's work-group that goes on to another share waits for its number.
    var profile = profile
    if profile.groupSize > 1 {
      profile.workGroups = Swift.min(profile.workGroups, profile.computeUnits)
    }
    let phases = plan.launches.map { branches in
      branches.filter { !$0.works.isEmpty }.map { branch($0, of: works, profile) }
    }
    let shares = phases.map { $0.reduce(0) { $0 + $1.groups } }.max()!
    let beginsAhead = plan.canBeginAhead && varying.isDisjoint(with: plan.buffersInUse[0])
    return source.add(
      phases: phases, beginsAhead: beginsAhead,
      workers: Swift.min(shares, profile.workers), localSize: profile.groupSize,
      varying: varying, alternatives: alternatives, mostReplays: mostReplays, arena: arena)
  }

  /// One launch for all passes of a loop; nil where its work does not allow it.
  private static func loop(
    _ plan: LaunchPlan, of works: [DeviceWork], _ profile: DeviceProfile, count: Int,
    _ source: inout KernelSource
  ) -> KernelSource.Launch? {
    guard plan.fuses, works.allSatisfy({ $0.localSize(profile) == profile.groupSize }) else {
      return nil
    }
    let phases = plan.launches.map { branches in
      branches.filter { !$0.works.isEmpty }.map { branch($0, of: works, profile) }
    }
    let shares = phases.map { $0.reduce(0) { $0 + $1.groups } }.max()!
    var copy = source
    let launch = copy.add(
      phases: phases, beginsAhead: false, workers: Swift.min(shares, profile.workers),
      localSize: profile.groupSize, varying: [], alternatives: 1, mostReplays: count,
      isLoop: true)
    guard launch.arguments.count <= profile.mostArguments else { return nil }
    source = copy
    return launch
  }

  private static func branch(
    _ branch: LaunchPlan.Branch, of works: [DeviceWork], _ profile: DeviceProfile
  ) -> KernelSource.Branch {
    if case .rowLoop(let body, let count) = works[branch.works[0]].kind {
      let rows = LaunchPlan.Branch(works: Array(body.indices))
      return self.branch(rows, of: body, isCut: true, passes: count, profile)
    }
    return self.branch(
      branch, of: works, isCut: branch.works.count > 1 && !branch.isSerial, profile)
  }

  /// - Parameter isCut: whether the works are cut into blocks of rows.
  private static func branch(
    _ branch: LaunchPlan.Branch, of works: [DeviceWork], isCut: Bool, passes: Int? = nil,
    _ profile: DeviceProfile
  ) -> KernelSource.Branch {
    let rowsPerBlock = isCut ? rowsPerBlock(branch.works.map { works[$0] }, profile) : nil
    let steps = branch.works.map { work in
      let section = section(works[work].kind, isCut: isCut, profile)
      let unitsPerBlock =
        rowsPerBlock.map { section.units / works[work].rowCount! * $0 } ?? section.unitsPerBlock
      return KernelSource.Step(
        section: section,
        unitsPerGroup: branch.isSerial
          ? section.units : isCut ? unitsPerBlock : section.unitsPerGroup)
    }
    let (units, share) = (steps[0].section.units, steps[0].unitsPerGroup)
    return KernelSource.Branch(
      steps: steps, groups: (units + share - 1) / share, passes: passes)
  }

  /// The height of blocks of rows of which each is a whole product of several matrices: few enough that there are
  /// shares for all. nil where rows are smaller.
  private static func rowsPerBlock(_ works: [DeviceWork], _ profile: DeviceProfile) -> Int? {
    let products = works.compactMap(\.rowsAreProducts)
    guard profile.groupSize == 1, !products.isEmpty, products.allSatisfy({ $0 }) else { return nil }
    return Swift.max(1, works[0].rowCount! / (sharesPerCore * profile.computeUnits))
  }

  private static let sharesPerCore = 8

  private static func section(
    _ kind: DeviceWork.Kind, isCut: Bool, _ profile: DeviceProfile
  ) -> KernelSection {
    switch kind {
    case .loopNest(let nest): LoopNestCode.section(nest, isCut: isCut, profile)
    case .localMemoryProduct(let product, let tile, let perItem, let parts, let partBlocks):
      MatrixProductCode.localMemoryTile(
        product, tile: tile, perItem: perItem, parts: parts, partBlocks: partBlocks)
    case .product(let product, let pass):
      MatrixProductCode.registerTile(product, pass, isCut: isCut, profile)
    case .pack(let packing): PackingCode.section(packing, profile)
    case .epilogue(let product, let result, let parts):
      EpilogueCode.section(product, of: result, parts: parts, profile)
    case .scatterAdd(let scatter): ScatterAddCode.section(scatter, profile)
    case .attention(let attention): AttentionCode.section(attention, profile)
    case .attentionGradient(let gradient, let share):
      AttentionCode.section(gradient, share, profile)
    case .gatherBatch(let gather, let numbers):
      GatherCode.section(gather, numbers: numbers, profile)
    case .increment(let counter): GatherCode.section(incrementing: counter)
    case .projectGradient(let projection): BottomRuleCode.section(projection, profile)
    case .walkTower(let walk): TowerCode.section(walk, profile)
    case .updateParameters(let update): BottomRuleCode.section(update, profile)
    case .clblast, .loop, .rowLoop:
      fatalError("LaunchCode: \(kind) is no section")
    }
  }
}
