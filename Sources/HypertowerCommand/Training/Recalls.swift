import Datasets
import Hypertower

/// The share of each class's samples that were taken for it.
struct Recalls {
  /// By class, in percent; NaN for those without samples.
  let percents: [Double]
  private let counts: [Int]

  /// nil if the evaluation has no confusion matrix.
  init?(_ evaluation: Evaluation) {
    guard let matrix = evaluation[Metric.confusionMatrix.name] else { return nil }
    let classes = matrix.shape[0]
    let totals = (0..<classes).map { row in
      matrix.elements[row * classes..<(row + 1) * classes].reduce(0, +)
    }
    percents = (0..<classes).map { 100 * matrix.elements[$0 * classes + $0] / totals[$0] }
    counts = totals.map { Int($0) }
  }

  /// The mean of the recalls of the classes that there are, in percent.
  var balancedAccuracyPercent: Double {
    let present = percents.filter { !$0.isNaN }
    return present.reduce(0, +) / Double(present.count)
  }

  /// The most classes that are told one by one.
  private static let mostLines = 20

  /// The lines that tell them, the balanced accuracy last; of many classes those with the least recall.
  func lines(_ name: String, _ encoding: SampleEncoding?) -> [String] {
    var shown = percents.indices.filter { !percents[$0].isNaN }
    if shown.count > Self.mostLines {
      shown.sort { (percents[$0], $0) < (percents[$1], $1) }
      shown.removeLast(shown.count - Self.mostLines)
    }
    return table(
      shown.map { label in
        [
          "\(name) recall of \(encoding?.className(label) ?? "\(label)")",
          formatted("%.2f", percents[label]) + " %", "of \(counts[label])",
        ]
      }) + ["\(name) balanced accuracy \(formatted("%.2f", balancedAccuracyPercent)) %"]
  }
}
