import Datasets
import Hypertower

/// How far predicted values are off, in the units of the data.
struct ValueErrors {
  let rootMeanSquare: Double
  let meanAbsolute: Double
  /// R², 1 less the ratio of the squared errors to those of always predicting the mean of these samples; 0 where all
  /// are alike.
  let determination: Double

  /// nil if there is more than one value a sample, whose units may differ, or the loss is not that of squares.
  init?(_ evaluation: Evaluation, _ data: Dataset, _ encoding: SampleEncoding?) {
    guard let encoding, encoding.values.count == 1,
      let absolute = evaluation[Metric.meanAbsoluteError.name],
      let targets = try? data.targetRows.floats(of: 0..<data.count).map(Double.init)
    else { return nil }
    let deviation = encoding.values[0].deviation
    rootMeanSquare = evaluation.loss.squareRoot() * deviation
    meanAbsolute = absolute.number * deviation
    let mean = targets.reduce(0, +) / Double(targets.count)
    let variance =
      targets.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(targets.count)
    determination = variance > 0 ? 1 - evaluation.loss / variance : 0
  }

  /// Them as names and values.
  func rows(_ name: String, _ encoding: SampleEncoding?) -> [(name: String, value: String)] {
    let target = encoding?.table.map { " of \($0.target)" } ?? ""
    return [
      ("\(name) mean absolute error\(target)", formatted("%.6g", meanAbsolute)),
      ("\(name) root mean square error\(target)", formatted("%.6g", rootMeanSquare)),
      ("\(name) R²", formatted("%.4f", determination)),
    ]
  }
}
