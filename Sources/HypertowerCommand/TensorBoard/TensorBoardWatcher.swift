import Hypertower

/// Writes a run's event files, which TensorBoard shows.
///
/// A point belongs to the step whose line in the log has the same hyperparameters: what is measured after
/// step 99 has the number 99, as the hyperparameters after it.
final class TensorBoardWatcher: RunWatcher {
  let output = "TensorBoard"

  /// What is written, and how often.
  struct Pace {
    /// Loss and hyperparameters: of steps whose number is a multiple of this.
    let scalars: Int
    /// Norms of the weights and their gradients, and histograms: after so many steps.
    let tensors: StepInterval
    /// Loss and accuracy on other samples: after so many steps.
    let evaluations: StepInterval
    let writesHistograms: Bool
  }

  private let folder: EventFolder
  private let pace: Pace
  private let measure: Measure?

  /// - Parameter measure: what accuracy is measured on; nil: it is not.
  init(_ folder: EventFolder, pace: Pace, measure: Measure?) {
    (self.folder, self.pace, self.measure) = (folder, pace, measure)
  }

  func stepsUntilDue(after step: Int) -> Int? {
    let toTensors = pace.tensors.stepsUntilDue(after: step)
    return measure == nil
      ? toTensors : min(toTensors, pace.evaluations.stepsUntilDue(after: step))
  }

  func append(_ records: [StepRecord]) throws {
    try folder.append(
      records.filter { $0.step % pace.scalars == 0 }.map { ($0.step, .summary(values(of: $0))) })
  }

  private func values(of record: StepRecord) -> [Event.Value] {
    [scalar("loss", record.loss)]
      + record.groups.flatMap { group in
        let digits = String(group.hyperparameters.count - 1).count
        return group.hyperparameters.enumerated().flatMap { level, values in
          // Pages sort names as texts.
          let number = String(level)
          let name =
            (group.name.map { "\($0)/" } ?? "") + "level_"
            + String(repeating: "0", count: digits - number.count) + number
          return values.map { scalar("\(name)/\($0.name)", $0.value) }
        }
      }
  }

  func look(at trainer: Trainer, isLast: Bool) throws {
    let count = trainer.stepCount
    guard count > 0 else { return }
    var values: [Event.Value] = []
    if let measure, pace.evaluations.isDue(after: count) || isLast {
      let evaluation = try measure.evaluation(of: trainer)
      values.append(scalar(measure.lossKey, evaluation.loss))
      if let accuracy = evaluation.accuracyPercent {
        values.append(scalar(measure.accuracyKey, accuracy))
      }
    }
    if pace.tensors.isDue(after: count) || isLast {
      for (kind, name) in [(Trainer.TensorKind.weights, "weight"), (.gradients, "gradient")] {
        for tensor in try trainer.tensors(kind) {
          values.append(scalar("\(name)_norm/\(tensor.name)", norm(tensor.values)))
          if pace.writesHistograms, let histogram = Histogram(tensor.values) {
            values.append(.init(tag: "\(name)s/\(tensor.name)", content: .histogram(histogram)))
          }
        }
      }
    }
    if !values.isEmpty { try folder.append([(count - 1, .summary(values))]) }
  }

  func rewind(to step: Int) throws { try folder.begin(at: step) }

  private func scalar(_ tag: String, _ value: Double) -> Event.Value {
    Event.Value(tag: tag, content: .scalar(Float(value)))
  }

  /// The root of the sum of squares.
  private func norm(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }
}
