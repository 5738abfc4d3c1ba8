import Datasets
import Glibc
import Hypertower

/// Samples that a network is measured on, and what they are called.
struct Measure {
  /// `validation` or `test`.
  let name: String
  let data: Dataset
  /// How files became the samples; nil: they are windows of a text.
  var encoding: SampleEncoding? = nil
  /// Whether classes count by weights, so that the mean of their recalls tells more than the accuracy.
  var hasClassWeights = false

  /// What is predicted.
  private enum Kind {
    case classes
    case text
    case values
  }

  private var kind: Kind {
    switch data.targets {
    case .nextTokens: .text
    case .classes, .mappedClasses: .classes
    case .values, .mappedValues: .values
    }
  }

  /// Measures the weights as evaluation sees them.
  func evaluation(of trainer: Trainer) throws -> Evaluation {
    try trainer.evaluate(on: data, metrics: metrics)
  }

  /// Whether an evaluation has an accuracy.
  var hasAccuracy: Bool { kind != .values }

  /// The unit of the loss; empty: none that is known.
  var lossUnit: String { kind == .values ? "" : "nats" }

  /// What is measured besides the loss and the accuracy.
  var metrics: [Metric] {
    switch kind {
    case .classes: showsRecalls ? [.confusionMatrix] : []
    case .text: []
    case .values: [.meanAbsoluteError]
    }
  }

  /// How the names of accuracies end.
  static let accuracyEnding = "_accuracy_percent"

  /// Whether logs call a number so that was measured on validation or test samples.
  static func isKey(_ key: String) -> Bool {
    key.hasPrefix("test_") || key.hasPrefix("validation_")
  }

  /// What logs and JSON call the accuracy on these samples.
  var accuracyKey: String { name + Self.accuracyEnding }

  /// What JSON calls the number of these samples; the test set has been there first.
  var samplesKey: String { name == "test" ? "samples" : "\(name)_samples" }

  /// What logs and JSON call the loss on these samples.
  var lossKey: String { "\(name)_loss" }

  private var balancedKey: String { "\(name)_balanced_accuracy_percent" }

  private var recallKey: String { "\(name)_recall_percent" }

  /// What logs and JSON call the errors of values.
  private var valueKeys: [String] {
    ["rmse", "mean_absolute_error", "r2"].map { "\(name)_\($0)" }
  }

  /// What decides which weights are the best: of text the loss, since only a part of what a model of text has
  /// learned shows in the characters that it ranks first, and of values; else the accuracy.
  var scoreKey: String {
    switch kind {
    case .text, .values: lossKey
    case .classes: hasClassWeights ? balancedKey : accuracyKey
    }
  }

  /// What messages call the score.
  var scoreName: String {
    switch kind {
    case .text, .values: "\(name) loss"
    case .classes: hasClassWeights ? "\(name) balanced accuracy" : "\(name) accuracy"
    }
  }

  /// How messages write it.
  var scoreFormat: String {
    switch kind {
    case .text: "%.4f nats"
    case .values: "%.6g"
    case .classes: "%.2f %%"
    }
  }

  func score(_ evaluation: Evaluation) -> Double {
    switch kind {
    case .text, .values: evaluation.loss
    case .classes:
      hasClassWeights
        ? Recalls(evaluation)!.balancedAccuracyPercent : evaluation.accuracyPercent!
    }
  }

  func isBetter(_ score: Double, than other: Double) -> Bool {
    switch kind {
    case .text, .values: score < other
    case .classes: score > other
    }
  }

  /// The names of what the last line of a log may say of an evaluation.
  var logKeys: [String] {
    switch kind {
    case .classes: showsRecalls ? [accuracyKey, balancedKey, recallKey] : [accuracyKey]
    case .text: [lossKey, accuracyKey]
    case .values: [lossKey] + valueKeys
    }
  }

  /// What the last line of a log says of the evaluation.
  func logMembers(_ evaluation: Evaluation) -> [(key: String, value: JSONText)] {
    let loss = (lossKey, JSONText.number(evaluation.loss))
    switch kind {
    case .classes: return classMembers(evaluation)
    case .text: return [loss] + classMembers(evaluation)
    case .values: return [loss] + valueMembers(evaluation)
    }
  }

  /// What JSON says of the evaluation.
  func members(_ evaluation: Evaluation) -> [(key: String, value: JSONText)] {
    let loss = (lossKey, JSONText.number(evaluation.loss))
    let count = (samplesKey, JSONText.integer(data.count))
    switch kind {
    case .classes, .text: return classMembers(evaluation) + [loss, count]
    case .values: return valueMembers(evaluation) + [loss, count]
    }
  }

  private func classMembers(_ evaluation: Evaluation) -> [(key: String, value: JSONText)] {
    let accuracy = (accuracyKey, JSONText.number(evaluation.accuracyPercent!))
    guard let recalls = Recalls(evaluation) else { return [accuracy] }
    return [
      accuracy, (balancedKey, .number(recalls.balancedAccuracyPercent)),
      (
        recallKey,
        .object(
          recalls.percents.enumerated().map { (encoding?.className($0) ?? "\($0)", .number($1)) })
      ),
    ]
  }

  private func valueMembers(_ evaluation: Evaluation) -> [(key: String, value: JSONText)] {
    guard let errors = ValueErrors(evaluation, data, encoding) else { return [] }
    let values = [errors.rootMeanSquare, errors.meanAbsolute, errors.determination]
    return zip(valueKeys, values).map { ($0, .number($1)) }
  }

  /// The lines that tell the evaluation: the accuracy, how well characters are predicted, or how far off values are.
  func lines(_ evaluation: Evaluation) -> [String] {
    switch kind {
    case .classes:
      return (Recalls(evaluation)?.lines(name, encoding) ?? [])
        + ["\(name) accuracy \(formatted("%.2f", evaluation.accuracyPercent!)) %"]
    case .text:
      return [
        "perplexity \(formatted("%.4f", exp(evaluation.loss)))",
        "bits per character \(formatted("%.4f", evaluation.loss / M_LN2))",
        "\(name) loss \(formatted("%.4f", evaluation.loss)) nats",
      ]
    case .values:
      return ValueErrors(evaluation, data, encoding)?.rows(name, encoding).map { "\($0) \($1)" }
        ?? ["\(name) loss \(formatted("%.6g", evaluation.loss))"]
    }
  }

  /// The evaluation as names and values.
  func rows(_ evaluation: Evaluation) -> [(name: String, value: String)] {
    switch kind {
    case .classes:
      let balanced = Recalls(evaluation).map {
        ("\(name) balanced accuracy", formatted("%.2f %%", $0.balancedAccuracyPercent))
      }
      return [("\(name) accuracy", formatted("%.2f %%", evaluation.accuracyPercent!))]
        + [balanced].compactMap { $0 } + [("\(name) loss", formatted("%.4f nats", evaluation.loss))]
    case .text:
      return [
        ("perplexity", formatted("%.4f", exp(evaluation.loss))),
        ("bits per character", formatted("%.4f", evaluation.loss / M_LN2)),
        ("\(name) loss", formatted("%.4f nats", evaluation.loss)),
        ("\(name) accuracy", formatted("%.2f %%", evaluation.accuracyPercent!)),
      ]
    case .values:
      let errors = ValueErrors(evaluation, data, encoding)?.rows(name, encoding) ?? []
      return errors + [("\(name) loss", formatted("%.6g", evaluation.loss))]
    }
  }

  /// Whether the recall of each class is told: some classes have far more samples than others, or classes count by
  /// weights.
  private var showsRecalls: Bool {
    if hasClassWeights { return true }
    guard case .classes(let labels, let classCount) = data.targets else { return false }
    var counts = [Int](repeating: 0, count: classCount)
    for label in labels { counts[Int(label)] += 1 }
    let present = counts.filter { $0 > 0 }
    return present.count > 1 && Double(present.max()!) > 1.5 * Double(present.min()!)
  }
}
