import Datasets
import Hypertower

/// Samples that accuracy is measured on, and what they are called.
struct Measure {
  /// `validation` or `test`.
  let name: String
  let data: Dataset

  /// What logs and JSON call the accuracy on these samples.
  var accuracyKey: String { "\(name)_accuracy_percent" }

  /// What JSON calls the number of these samples; the test set has been there first.
  var samplesKey: String { name == "test" ? "samples" : "\(name)_samples" }

  /// The line that tells the accuracy.
  func line(_ accuracy: Double) -> String { "\(name) accuracy \(formatted("%.2f", accuracy)) %" }
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
