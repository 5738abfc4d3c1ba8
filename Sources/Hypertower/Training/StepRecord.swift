/// What one step of training was like.
public struct StepRecord: Sendable {
  /// The step's number, from 0.
  public let step: Int
  /// The mean loss of the step's batch, before the step's adjustment.
  public let loss: Double
  /// Every level's hyperparameters after the step, bottom first, on their natural scale; those with a
  /// schedule as they were in this step.
  public let hyperparameters: [[(name: String, value: Double)]]
  /// The same as they are stored, without schedules.
  package let rawHyperparameters: [[(name: String, value: Double)]]

  init(step: Int, values: ArraySlice<Double>, layout: TowerLayout) {
    self.step = step
    let base = values.startIndex
    loss = values[base]
    var natural: [[(name: String, value: Double)]] = []
    var raw: [[(name: String, value: Double)]] = []
    for level in layout.levels {
      let names = level.rule.logNames(tensors: level.tensorNames)
      let own = level.rule.hyperparameters
      let stored = (0..<level.hyperparameterCount).map {
        values[base + 1 + level.hyperparameters + $0]
      }
      natural.append(
        names.enumerated().map { index, name in
          let value = own[index % own.count].domain.natural(stored[index])
          let curve = own[index % own.count].curve
          return (
            name,
            curve.map { $0.value(of: value, step: step + 1, plannedSteps: layout.plannedSteps) }
              ?? value
          )
        })
      raw.append(Array(zip(level.hyperparameterNames, stored)))
    }
    hyperparameters = natural
    rawHyperparameters = raw
  }
}
