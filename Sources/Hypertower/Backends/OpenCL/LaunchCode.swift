internal import OpenCL

/// Writes the kernel of a launch.
enum LaunchCode {
  enum Launch {
    case kernel(KernelSource.Launch)
    case clblast(MatrixProduct, result: Span)
  }

  static func launch(
    _ branches: [LaunchPlan.Branch], of works: [DeviceWork], _ profile: DeviceProfile,
    _ source: inout KernelSource
  ) -> Launch {
    let branches = branches.filter { !$0.works.isEmpty }
    if case .clblast(let product, let result) = works[branches[0].works[0]].kind {
      return .clblast(product, result: result)
    }
    let parts = branches.map { branch -> KernelSource.Branch in
      let isCut = branch.works.count > 1
      let steps = branch.works.map { work in
        let section = section(works[work].kind, isCut: isCut, profile)
        return KernelSource.Step(
          section: section,
          unitsPerGroup: isCut ? section.unitsPerBlock : section.unitsPerGroup)
      }
      let (units, share) = (steps[0].section.units, steps[0].unitsPerGroup)
      return KernelSource.Branch(steps: steps, groups: (units + share - 1) / share)
    }
    let localSize = works[branches[0].works[0]].localSize(profile)!
    return .kernel(source.add(parts, localSize: localSize))
  }

  private static func section(
    _ kind: DeviceWork.Kind, isCut: Bool, _ profile: DeviceProfile
  ) -> KernelSection {
    switch kind {
    case .loopNest(let nest): LoopNestCode.section(nest, isCut: isCut, profile)
    case .product(let product, let panels):
      MatrixProductCode.section(product, panels: panels, profile)
    case .pack(let product, let panels): MatrixProductCode.pack(product, panels: panels, profile)
    case .epilogue(let product, let result): EpilogueCode.section(product, of: result, profile)
    case .gatherBatch(let gather): GatherCode.section(gather, profile)
    case .increment(let counter): GatherCode.section(incrementing: counter)
    case .projectGradient(let projection): BottomRuleCode.section(projection, profile)
    case .walkTower(let walk): TowerCode.section(walk)
    case .updateParameters(let update): BottomRuleCode.section(update, profile)
    case .clblast: fatalError("LaunchCode: CLBlast brings its own kernels")
    }
  }
}
