/// What one step of training was like.
public struct StepRecord: Sendable {
  /// The step's number, from 0.
  public let step: Int
  /// The mean loss of the step's batch, before the step's adjustment.
  public let loss: Double
  /// The same, group by group, as `hyperparameters` has it.
  public let groups: [Group]
  /// Every level's hyperparameters as they are stored, without schedules.
  package let rawHyperparameters: [[(name: String, value: Double)]]

  /// Every level's hyperparameters after the step, bottom first, on their natural scale; those with a
  /// schedule as they were in this step. The levels of one group of parameters follow those of another.
  public var hyperparameters: [[(name: String, value: Double)]] {
    groups.flatMap(\.hyperparameters)
  }

  /// The hyperparameters of the levels that move a group of parameters.
  public struct Group: Sendable {
    /// The group's selector; nil where there are no groups.
    public let name: String?
    /// Bottom level first, as in `StepRecord`.
    public let hyperparameters: [[(name: String, value: Double)]]
  }

  /// - Parameter values: the record of the step.
  init(step: Int, values: ArraySlice<Double>, groups: [MovingGroup]) {
    self.step = step
    loss = values[values.startIndex]
    self.groups = groups.map { group in
      Group(
        name: group.name,
        hyperparameters: Self.levels(of: group, in: values) { level, stored in
          let names = level.rule.logNames(tensors: level.tensorNames)
          let own = level.rule.hyperparameters
          return names.enumerated().map { index, name in
            let value = own[index % own.count].domain.natural(stored[index])
            let curve = own[index % own.count].curve
            let planned = group.layout.plannedSteps
            return (
              name,
              curve.map { $0.value(of: value, step: step + 1, plannedSteps: planned) } ?? value
            )
          }
        })
    }
    rawHyperparameters = groups.flatMap { group in
      Self.levels(of: group, in: values) { Array(zip($0.hyperparameterNames, $1)) }
    }
  }

  /// What `body` makes of each level and its stored hyperparameters.
  private static func levels<Result>(
    of group: MovingGroup, in values: ArraySlice<Double>,
    _ body: (TowerLayout.Level, [Double]) -> Result
  ) -> [Result] {
    group.layout.levels.map { level in
      let start = values.startIndex + group.recordOffset + level.hyperparameters
      return body(level, Array(values[start..<start + level.hyperparameterCount]))
    }
  }
}
