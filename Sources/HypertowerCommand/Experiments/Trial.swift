import Datasets
import Hypertower

/// A training run that is a piece of an experiment.
struct Trial {
  /// Where a tower comes from.
  enum Source {
    case given(Tower)
    /// The bottom rule of another trial, with the hyperparameters that it ended with.
    case learned(by: String)
  }

  /// What training starts from.
  enum Start {
    /// The weights of `init-128-0x42.safetensors`.
    case reference
    /// Weights drawn from the seed.
    case drawn
  }

  /// Its name, which no other trial of the experiment has.
  let id: String
  let source: Source
  var start = Start.drawn
  var seed: UInt64 = 0
  let steps: Int
  /// Whether the loss and the bottom rule's hyperparameters of every step are kept.
  var keepsCurve = false

  var unit: ExperimentUnit { ExperimentUnit(id: id, steps: steps) }
}

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
  /// Without the first step, in which kernels are built, and without evaluation.
  var millisecondsPerStep: Double?
  /// Why there is no accuracy.
  var failure: String?
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
        uniqueKeysWithValues: bottom.hyperparameters.map { ($0.name, $0.value) }), steps: steps)
  }
}

extension [TrialOutcome] {
  /// What a step took, the median of all that were timed; nil if none was.
  var millisecondsPerStep: Double? {
    let times = compactMap(\.millisecondsPerStep)
    return times.isEmpty ? nil : times.median
  }
}

/// An experiment whose pieces are training runs of one network on one data set.
protocol TrialExperiment: Experiment where Outcome == TrialOutcome {
  var trials: [Trial] { get }
  var laboratory: Laboratory { get }
}

extension TrialExperiment {
  var units: [ExperimentUnit] { trials.map(\.unit) }

  func run(
    _ unit: ExperimentUnit, after outcomes: [String: TrialOutcome], advance: (Int) -> Void
  ) throws -> TrialOutcome {
    let trial = trials.first { $0.id == unit.id }!
    switch trial.source {
    case .given(let tower): return try laboratory.run(trial, tower, advance: advance)
    case .learned(let id):
      let learned = outcomes[id]!
      func failure(_ reason: String) -> TrialOutcome {
        return TrialOutcome(
          tower: learned.bottomRule, bottomRule: learned.bottomRule,
          bottomHyperparameters: learned.bottomHyperparameters, steps: 0, failure: reason)
      }
      if let reason = learned.failure { return failure("nothing was learned: \(reason)") }
      // From its text, as after an interruption; a step size below 0 is refused there.
      guard let rule = try? Tower(parsing: learned.bottomRule) else {
        return failure("what was learned, \(learned.bottomRule), is no start")
      }
      return try laboratory.run(trial, rule, advance: advance)
    }
  }
}
