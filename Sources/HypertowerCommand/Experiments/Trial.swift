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
      let text = learned.tower
      if let failure = learned.failure {
        return TrialOutcome(tower: text, steps: 0, failure: "nothing was learned: \(failure)")
      }
      do {
        // From its text, as after an interruption.
        let tower = Tower([try Tower(parsing: text).levels[0]])
        return try laboratory.run(trial, tower, advance: advance)
      } catch let error as InputError where error.kind == .usage {
        return TrialOutcome(tower: text, steps: 0, failure: error.message)
      }
    }
  }
}
