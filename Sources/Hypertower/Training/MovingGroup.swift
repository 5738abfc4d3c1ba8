/// A group of parameters in device memory, with the tower that moves them: all of the model's, where there are no
/// groups.
struct MovingGroup {
  /// What selects it; nil where there are no groups.
  let name: String?
  /// The numbers of its parameters, in their order.
  let parameters: [Int]
  /// Of its own part of the arena.
  var layout: TowerLayout
  /// Where that part begins.
  let start: Int
  /// The bottom rule's states, one after another, each of the part's size: those that even steps
  /// start from and, in a tower, those that odd steps start from. Each step writes the other ones,
  /// so that the next can still find what this one started from.
  let states: [any DeviceArray]
  /// The derivatives by the bottom rule's hyperparameters of the last step, one array of the part's size
  /// after another, where they are stored.
  let derivatives: (any DeviceArray)?
  /// The weights before the last step, if the bottom rule's derivatives depend on them.
  let previousWeights: (any DeviceArray)?
  /// The bottom rule's states of rows and columns, as `TowerLayout.axisStates` places them; nil if it has none.
  let axisStates: (any DeviceArray)?
  let values: any DeviceArray
  let partialSums: any DeviceArray
  /// Where its hyperparameters lie in the record of a step.
  let recordOffset: Int

  init(
    _ name: String?, parameters: [Int], _ layout: TowerLayout, start: Int, recordOffset: Int,
    on backend: any Backend
  ) throws {
    (self.name, self.parameters, self.layout) = (name, parameters, layout)
    (self.start, self.recordOffset) = (start, recordOffset)
    let size = layout.parameters.size
    let copies = Self.copies(layout)
    states = try (0..<copies).map { _ in
      try backend.allocate(.real, count: size * layout.levels[0].rule.states.count)
    }
    derivatives =
      layout.storesDerivatives
      ? try backend.allocate(.real, count: size * layout.bottom.jacobian.count) : nil
    previousWeights =
      copies > 1 && layout.bottom.jacobianDependsOnParameter
      ? try backend.allocate(.real, count: size) : nil
    axisStates =
      layout.axisStateCount > 0
      ? try backend.allocate(.real, count: layout.axisStateCount) : nil
    values = try backend.allocate(.real, count: layout.size)
    partialSums = try backend.allocate(.real, count: layout.partialSumCount)
  }

  /// How many steps' gradients and states are kept.
  static func copies(_ layout: TowerLayout) -> Int {
    layout.height > 0 && !layout.storesDerivatives ? 2 : 1
  }

  /// Where parameter `number` of the model, which is one of its own, lies in its part of the arena.
  func offset(of number: Int) -> Int {
    layout.parameters.entries[parameters.firstIndex(of: number)!].offset
  }

  /// The name of a number or tensor in a checkpoint: `tower.0.shared.d`, or in a group
  /// `tower.weights.0.shared.d`.
  func checkpointName(_ name: String) -> String {
    self.name.map { "tower.\($0)." + name.dropFirst("tower.".count) } ?? name
  }

  /// What training moves beside the weights.
  var moving: [any DeviceArray] {
    [values] + states + [axisStates, derivatives, previousWeights].compactMap { $0 }
  }
}
