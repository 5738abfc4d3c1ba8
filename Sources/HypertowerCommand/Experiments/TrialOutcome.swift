import Hypertower

/// What a trial has come to.
struct TrialOutcome: Codable {
  /// The tower with the hyperparameters that it ended with.
  var tower: String
  /// The bottom level of that, as text and its hyperparameters by name, on their natural scale.
  var bottomRule: String
  var bottomHyperparameters: [String: Double]
  var steps: Int
  /// On the test set; nil if training diverged.
  var testAccuracyPercent: Double?
  var testLoss: Double?
  /// Where these are of an average: the accuracy with the weights of the last step.
  var testAccuracyPercentOfLastWeights: Double?
  /// The median of pieces of some steps, without those in which kernels are built.
  var millisecondsPerStep: Double?
  /// Why there is no accuracy.
  var failure: String?
  /// Whether there was nothing to run: what it was to start from is not there.
  var isSkipped = false
  var curve: Curve?

  /// What every step was like.
  struct Curve: Codable {
    var losses: [Double] = []
    /// The bottom rule's hyperparameters after each step, by name, on their natural scale.
    var hyperparameters: [String: [Double]] = [:]
  }

  var testErrorPercent: Double? { testAccuracyPercent.map { 100 - $0 } }
}

extension TrialOutcome {
  /// An outcome before anything is measured.
  init(_ tower: Tower, steps: Int) {
    let bottom = tower.levels[0]
    self.init(
      tower: tower.description, bottomRule: bottom.description,
      bottomHyperparameters: Dictionary(
        // A rule with values for each tensor has them under the tensors' names.
        uniqueKeysWithValues: bottom.tensorValues.isEmpty
          ? bottom.hyperparameters.map { ($0.name, $0.value) }
          : bottom.tensorValues.map { ($0.key, $0.value) }), steps: steps)
  }
}

extension TrialOutcome {
  /// Of a run that did not take place.
  static func skipped(_ tower: Tower, _ reason: String) -> TrialOutcome {
    var outcome = TrialOutcome(tower, steps: 0)
    (outcome.failure, outcome.isSkipped) = (reason, true)
    return outcome
  }
}

extension [TrialOutcome] {
  /// What a step took, the median of all that were timed; nil if none was.
  var millisecondsPerStep: Double? {
    let times = compactMap(\.millisecondsPerStep)
    return times.isEmpty ? nil : times.median
  }
}
