import Hypertower

/// Notes how good a run's weights are as it goes on; a run that is resumed has what was noted before.
final class EvaluationHistory: RunWatcher {
  let output = "evaluations"

  struct Point {
    /// The number of the step after which it was measured.
    let step: Int
    let loss: Double
    /// nil if values are predicted.
    let accuracyPercent: Double?
  }

  private(set) var points: [Point] = []
  let measure: Measure
  private let interval: StepInterval

  private static let key = "evaluations"
  /// More points than this are thinned out in checkpoints.
  private static let mostPoints = 1000

  init(of measure: Measure, every interval: StepInterval, resumed: SafetensorsFile?) {
    (self.measure, self.interval) = (measure, interval)
    guard let text = resumed?.metadata[Self.key],
      let rows = try? JSONValue(parsing: Array(text.utf8)[...], name: "").array
    else { return }
    points = rows.compactMap { row in
      guard let cells = row.array, cells.count == 3, let step = cells[0].int else { return nil }
      return Point(
        step: step, loss: cells[1].double ?? .nan, accuracyPercent: cells[2].double)
    }
  }

  var checkpointMetadata: [String: String] {
    let every = (points.count + Self.mostPoints - 1) / Self.mostPoints
    let kept = points.enumerated().filter { $0.offset % max(1, every) == 0 }.map(\.element)
    let rows = kept.map {
      JSONText.array([.integer($0.step), .number($0.loss), .number($0.accuracyPercent ?? .nan)])
    }
    return [Self.key: JSONText.array(rows).text]
  }

  func stepsUntilDue(after step: Int) -> Int? { interval.stepsUntilDue(after: step) }

  func append(_ records: [StepRecord]) {}

  func look(at trainer: Trainer, isLast: Bool) throws {
    let evaluation = try measure.evaluation(of: trainer)
    points.append(
      Point(
        step: trainer.stepCount - 1, loss: evaluation.loss,
        accuracyPercent: evaluation.accuracyPercent))
  }

  func rewind(to step: Int) { points.removeAll { $0.step >= step } }
}
