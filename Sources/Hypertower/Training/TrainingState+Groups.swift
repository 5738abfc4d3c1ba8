/// How a tower's groups share the parameters and their memory.
extension TrainingState {
  /// Where a model's parameters lie.
  struct Placement {
    /// For each parameter the number of its group among those that move; nil: it is frozen.
    let groupNumbers: [Int?]
    /// For each parameter its place in the arena.
    let offsets: [Int]
    /// For each group that moves, where its part of the arena begins, and how that is laid out.
    let starts: [Int]
    let layouts: [ParameterLayout]
    /// The number of elements of the arena.
    let size: Int
  }

  /// Places parameters group by group, and last what is frozen.
  ///
  /// - Throws: `InputError`, as `Tower.groupNumbers(of:)` does.
  static func place(_ contents: ModelTrace.Contents, _ tower: Tower) throws -> Placement {
    let parameters = contents.parameters
    let all = try tower.groupNumbers(of: parameters.map(\.described))
    let moving = tower.groups.indices.filter { !tower.groups[$0].isFrozen }
    let groupNumbers = all.map { moving.firstIndex(of: $0) }
    var offsets = [Int](repeating: 0, count: parameters.count)
    var (layouts, starts, size) = ([ParameterLayout](), [Int](), 0)
    for group in moving.indices.map(Optional.init) + [nil] {
      let own = parameters.indices.filter { groupNumbers[$0] == group }
      let layout = ParameterLayout(
        own.map {
          (parameters[$0].name, parameters[$0].storedShape, parameters[$0].isTransposed)
        })
      for (entry, number) in zip(layout.entries, own) { offsets[number] = size + entry.offset }
      if group != nil {
        layouts.append(layout)
        starts.append(size)
      }
      size += layout.size
    }
    return Placement(
      groupNumbers: groupNumbers, offsets: offsets, starts: starts, layouts: layouts, size: size)
  }

  /// The layouts of the towers of the groups that move.
  ///
  /// Where the first step is limited, each group may promise an equal part of the share, so that none depends on
  /// another.
  ///
  /// - Throws: `InputError`, as `TowerLayout` does.
  static func layouts(
    _ tower: Tower, _ parameters: [ParameterLayout], _ options: Options, on backend: any Backend
  ) throws -> [TowerLayout] {
    let towers = tower.moving.compactMap(\.tower)
    let keepsAverage =
      options.average != nil || towers.contains { $0.levels[0].evaluated != nil }
    let tellsIfLive = towers.contains { $0.levels[0].usesFields }
    return try zip(tower.moving, zip(towers, parameters)).map { group, pair in
      do {
        let layout = try TowerLayout(
          pair.0, parameters: pair.1,
          firstStep: options.firstStep.map { $0 / Double(towers.count) },
          average: options.average, isEvaluatedApart: keepsAverage,
          recomputesDerivatives: options.recomputesDerivatives, plannedSteps: options.plannedSteps,
          tellsIfLive: tellsIfLive)
        try layout.checkValues(fitSinglePrecision: backend.realSize == MemoryLayout<Float>.size)
        return layout
      } catch let error as InputError {
        guard let selector = group.selector else { throw error }
        throw InputError(error.kind, "group '\(selector)': \(error.message)")
      }
    }
  }

  /// Whether a parameter is moved by a rule.
  func isMoving(_ number: Int) -> Bool { groupNumbers[number] != nil }
}
