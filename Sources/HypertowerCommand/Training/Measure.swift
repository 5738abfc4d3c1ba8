import Datasets
import Glibc
import Hypertower

/// Samples that a network is measured on, and what they are called.
struct Measure {
  /// `validation` or `test`.
  let name: String
  let data: Dataset

  /// What logs and JSON call the accuracy on these samples.
  var accuracyKey: String { "\(name)_accuracy_percent" }

  /// What JSON calls the number of these samples; the test set has been there first.
  var samplesKey: String { name == "test" ? "samples" : "\(name)_samples" }

  /// What logs and JSON call the loss on these samples.
  var lossKey: String { "\(name)_loss" }

  /// What decides which weights are the best: of text the loss, since only a part of what a model of text has
  /// learned shows in the characters that it ranks first; else the accuracy.
  var scoreKey: String { isOfText ? lossKey : accuracyKey }

  /// What messages call the score.
  var scoreName: String { isOfText ? "\(name) loss" : "\(name) accuracy" }

  /// How messages write it.
  var scoreFormat: String { isOfText ? "%.4f nats" : "%.2f %%" }

  func score(_ evaluation: Evaluation) -> Double {
    isOfText ? evaluation.loss : evaluation.accuracyPercent!
  }

  func isBetter(_ score: Double, than other: Double) -> Bool {
    isOfText ? score < other : score > other
  }

  private var isOfText: Bool {
    switch data.targets {
    case .nextTokens: true
    case .classes, .values, .mappedClasses, .mappedValues: false
    }
  }

  /// The names of what the last line of a log says of an evaluation.
  var logKeys: [String] { isOfText ? [lossKey, accuracyKey] : [accuracyKey] }

  /// What the last line of a log says of the evaluation.
  func logMembers(_ evaluation: Evaluation) -> [(key: String, value: JSONText)] {
    let accuracy = (accuracyKey, JSONText.number(evaluation.accuracyPercent!))
    return isOfText ? [(lossKey, .number(evaluation.loss)), accuracy] : [accuracy]
  }

  /// The evaluation as names and values.
  func rows(_ evaluation: Evaluation) -> [(name: String, value: String)] {
    let loss = ("\(name) loss", formatted("%.4f nats", evaluation.loss))
    let accuracy = ("\(name) accuracy", formatted("%.2f %%", evaluation.accuracyPercent!))
    return isOfText
      ? [
        ("perplexity", formatted("%.4f", exp(evaluation.loss))),
        ("bits per character", formatted("%.4f", evaluation.loss / M_LN2)), loss, accuracy,
      ] : [accuracy, loss]
  }

  /// The lines that tell the evaluation: the accuracy, or how well characters are predicted.
  func lines(_ evaluation: Evaluation) -> [String] {
    guard isOfText else {
      return ["\(name) accuracy \(formatted("%.2f", evaluation.accuracyPercent!)) %"]
    }
    return [
      "perplexity \(formatted("%.4f", exp(evaluation.loss)))",
      "bits per character \(formatted("%.4f", evaluation.loss / M_LN2))",
      "\(name) loss \(formatted("%.4f", evaluation.loss)) nats",
    ]
  }
}

extension LabelledImages {
  /// What accuracy can be measured on; the first guides a run: it is shown as the run goes on, and
  /// decides which weights are the best.
  var measures: [Measure] {
    [("validation", validation), ("test", test)].compactMap { name, data in
      data.map { Measure(name: name, data: $0) }
    }
  }
}
