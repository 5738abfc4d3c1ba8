import Hypertower

/// How a run went: its loss and every level's hyperparameters over its steps, thinned out so that the
/// longest run takes little room.
final class TrainingHistory {
  /// Some steps in a row.
  struct Point {
    /// The number of the last of the steps.
    var step: Int
    /// The mean over the steps.
    var loss: Double
    /// After the last of the steps, bottom level first, on their natural scale.
    var values: [[Double]]
  }

  private static let mostPoints = 2000

  private(set) var points: [Point] = []
  /// The names of every level's hyperparameters.
  private(set) var names: [[String]] = []
  /// How many steps a point stands for.
  private(set) var stride = 1
  /// The steps since the last point.
  private var pending: (count: Int, loss: Double) = (0, 0)

  func append(_ records: [StepRecord]) {
    for record in records { append(record) }
  }

  private func append(_ record: StepRecord) {
    if names.isEmpty { names = record.hyperparameters.map { $0.map(\.name) } }
    pending.count += 1
    pending.loss += record.loss
    guard pending.count == stride else { return }
    points.append(
      Point(
        step: record.step, loss: pending.loss / Double(stride),
        values: record.hyperparameters.map { $0.map(\.value) }))
    pending = (0, 0)
    if points.count == Self.mostPoints { halve() }
  }

  /// Forgets the steps from `step` on.
  func rewind(to step: Int) {
    points.removeAll { $0.step >= step }
    pending = (0, 0)
  }

  /// Makes one point of every two.
  private func halve() {
    points = Swift.stride(from: 0, to: points.count - 1, by: 2).map { index in
      var point = points[index + 1]
      point.loss = (points[index].loss + point.loss) / 2
      return point
    }
    stride *= 2
  }
}
