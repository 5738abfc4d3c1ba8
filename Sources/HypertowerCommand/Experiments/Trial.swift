import Datasets
import Hypertower

/// A training run that is a piece of an experiment.
struct Trial: ExperimentUnit {
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
  /// See `Optimization`.
  var firstStep: Double?
  var average: WeightAverage?
  /// Whether the weights of the last step are tested, too, where an average is.
  var testsLastWeights = false
  var keeps = Detail.result

  /// What is kept of a trial.
  enum Detail {
    case result
    /// The loss of every step, too.
    case losses
    /// The loss and the bottom rule's hyperparameters of every step, too.
    case course
  }
}

/// An experiment whose pieces are training runs of one network on one data set.
protocol TrialExperiment: Experiment where Unit == Trial, Outcome == TrialOutcome {
  var laboratory: Laboratory { get }
}

extension TrialExperiment {
  /// A line for every trial that has come to nothing, and why.
  func failures(_ outcomes: [String: TrialOutcome]) -> [String] {
    units.compactMap { trial in outcomes[trial.id]?.failure.map { "\(trial.id): \($0)" } }
  }

  func run(
    _ trial: Trial, after outcomes: [String: TrialOutcome], advance: (Int) throws -> Void
  ) throws -> TrialOutcome {
    switch trial.source {
    case .given(let tower): return try laboratory.run(trial, tower, advance: advance)
    case .learned(let id):
      let learned = outcomes[id]!
      func failure(_ reason: String) -> TrialOutcome {
        return TrialOutcome(
          tower: learned.bottomRule, bottomRule: learned.bottomRule,
          bottomHyperparameters: learned.bottomHyperparameters, steps: 0, failure: reason,
          isSkipped: true)
      }
      if let reason = learned.failure { return failure("nothing was learned: \(reason)") }
      // From its text, as after an interruption.
      guard let rule = try? Tower(parsing: learned.bottomRule) else {
        return failure("what was learned, \(learned.bottomRule), is no start")
      }
      return try laboratory.run(trial, rule, advance: advance)
    }
  }
}
