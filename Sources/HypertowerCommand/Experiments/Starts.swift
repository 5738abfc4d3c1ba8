import Glibc
import Hypertower

/// A rule from good and bad starts, alone and below a level that tunes it: which starts the tower saves.
struct Starts: TrialExperiment {
  /// The hyperparameters that a rule starts with.
  struct Start {
    /// What the table calls it.
    let label: String
    /// The rule alone.
    let alone: Tower
    /// The rule with the same hyperparameters below one that tunes them.
    let tower: Tower

    /// - Parameters:
    ///   - rule: as a tower's text.
    ///   - upper: what is put above it, likewise.
    /// - Throws: `InputError(.usage)` if they are none.
    init(_ label: String, _ rule: String, under upper: String) throws {
      self.label = label
      alone = try Tower(parsing: rule)
      tower = try Tower(parsing: "\(rule) / \(upper)")
    }
  }

  /// What a run is judged by.
  enum Metric: String {
    /// Of the test set, in percent.
    case accuracy
    /// Of a text's last tenth, by character.
    case perplexity

    var header: String {
      switch self {
      case .accuracy: "test accuracy %"
      case .perplexity: "perplexity"
      }
    }

    func value(_ outcome: TrialOutcome) -> Double? {
      switch self {
      case .accuracy: outcome.testAccuracyPercent
      case .perplexity: outcome.testLoss.map { exp($0) }
      }
    }

    /// The best of some values.
    func best(_ values: [Double]) -> Double? {
      switch self {
      case .accuracy: values.max()
      case .perplexity: values.min()
      }
    }

    /// How far a value is from the best: points, or percent of the best.
    func distance(_ value: Double, from best: Double) -> Double {
      switch self {
      case .accuracy: best - value
      case .perplexity: 100 * (value / best - 1)
      }
    }

    /// How far from the best a good run may be.
    var margin: Double {
      switch self {
      case .accuracy: 1
      case .perplexity: 5
      }
    }

    var marginText: String {
      switch self {
      case .accuracy: "within 1 point"
      case .perplexity: "within 5 %"
      }
    }
  }

  let name: String
  let title: String
  /// What is trained on what, in Markdown.
  let description: String
  let starts: [Start]
  let metric: Metric
  let steps: Int
  let seeds: Int
  let laboratory: Laboratory
  /// What tells the network and the data apart from others.
  let network: [String: String]

  var settings: [String: String] {
    network.merging([
      "seeds": "\(seeds)", "steps": "\(steps)", "batch size": "\(laboratory.batchSize)",
    ]) { $1 }
  }

  private func id(_ tower: Tower, seed: Int) -> String { "\(tower), seed \(seed)" }

  /// Those of the rule alone come first, since a trainer keeps what it has compiled while the rules stay the same.
  var units: [Trial] {
    (starts.map(\.alone) + starts.map(\.tower)).flatMap { tower in
      (0..<seeds).map { seed in
        Trial(
          id: id(tower, seed: seed), source: .given(tower), seed: UInt64(seed), steps: steps)
      }
    }
  }

  // MARK: Report

  /// What the tower does for a start.
  enum Verdict: String {
    case saves, helps, harms, spoils
    /// The start is bad, and the tower changes little.
    case no
    /// The start is good, and the tower changes little.
    case good = "good alone"

    /// - Parameters:
    ///   - alone: how far the rule alone is from the best; infinite where it diverged.
    ///   - tower: the same of the tower.
    ///   - margin: how far a good run may be.
    init(alone: Double, tower: Double, margin: Double) {
      // A small change across the margin is none.
      switch (alone <= margin, tower <= margin) {
      case (true, false) where tower > alone + margin / 2: self = .spoils
      case (true, _): self = .good
      case (false, true) where tower < alone - margin / 2: self = .saves
      case (false, _): self = tower < alone / 2 ? .helps : tower > 2 * alone ? .harms : .no
      }
    }
  }

  /// The runs of a start.
  private struct Result {
    let start: Start
    let alone: [TrialOutcome]
    let tower: [TrialOutcome]
    let metric: Metric

    func values(_ outcomes: [TrialOutcome]) -> SeedValues {
      SeedValues(outcomes.map(metric.value))
    }

    /// - Parameter best: the best mean of all starts; nil if there is none.
    func verdict(best: Double?) -> Verdict {
      /// Infinite where a run diverged.
      func distance(_ outcomes: [TrialOutcome]) -> Double {
        let values = values(outcomes)
        guard let best, let mean = values.mean, values.values.count == values.count else {
          return .infinity
        }
        return metric.distance(mean, from: best)
      }
      return Verdict(
        alone: distance(alone), tower: distance(tower), margin: metric.margin)
    }
  }

  func report(_ outcomes: [String: TrialOutcome]) -> ExperimentReport {
    let results = starts.map { start in
      func all(_ tower: Tower) -> [TrialOutcome] {
        (0..<seeds).compactMap { outcomes[id(tower, seed: $0)] }
      }
      return Result(
        start: start, alone: all(start.alone), tower: all(start.tower), metric: metric)
    }
    let best = metric.best(
      results.flatMap { [$0.values($0.alone).mean, $0.values($0.tower).mean] }.compactMap { $0 })
    return ExperimentReport(
      title: title,
      description: description + """
         \(steps) steps; \(seeds == 1 ? "one seed" : "\(seeds) seeds, mean ± standard deviation"). A run is \
        good \(metric.marginText) of the best of the table. The tower *saves* a bad start that it makes good \
        and *spoils* a good one that it makes bad, by more than half that margin; among bad ones it *helps* where \
        it more than halves the distance from the best, and *harms* where it more than doubles it.
        """,
      tables: [table(results, best: best)], plots: [plot(results)],
      summary: results.map { summary($0, best: best) }, remarks: failures(outcomes))
  }

  private func table(_ results: [Result], best: Double?) -> MarkdownTable {
    MarkdownTable(
      header: [
        "start", "\(metric.header), alone", "with the tower", "test loss, alone", "with the tower",
        "the tower", "learned by the first seed",
      ],
      rows: results.map { result in
        func loss(_ outcomes: [TrialOutcome]) -> String {
          SeedValues(outcomes.map(\.testLoss)).text("%.4f")
        }
        let format = metric == .accuracy ? "%.2f" : "%.3f"
        return [
          result.start.label, result.values(result.alone).text(format),
          result.values(result.tower).text(format), loss(result.alone), loss(result.tower),
          result.verdict(best: best).rawValue, learned(result),
        ]
      })
  }

  /// What the first seed's tower has made of the bottom rule's tuned hyperparameters, in four digits.
  private func learned(_ result: Result) -> String {
    guard let outcome = result.tower.first, outcome.failure == nil else { return "" }
    return result.start.tower.levels[0].hyperparameters.compactMap { own in
      own.name == "eps"
        ? nil
        : outcome.bottomHyperparameters[own.name].map {
          "\(own.name) " + formatted("%.4g", $0)
        }
    }.joined(separator: ", ")
  }

  private func summary(_ result: Result, best: Double?) -> SummaryRow {
    var values: [String: Double?] = [:]
    for (key, outcomes) in [("alone", result.alone), ("tower", result.tower)] {
      let own = result.values(outcomes)
      values["\(key)_\(metric)"] = own.mean
      values["\(key)_test_loss"] = SeedValues(outcomes.map(\.testLoss)).mean
      values["\(key)_runs"] = Double(own.count)
      values["\(key)_diverged"] = Double(own.count - own.values.count)
      values["\(key)_milliseconds_per_step"] = outcomes.millisecondsPerStep
    }
    return SummaryRow("\(result.start.label): \(result.verdict(best: best).rawValue)", values)
  }

  private func plot(_ results: [Result]) -> Plot {
    let count = results.count
    return Plot(
      name: name, title: title,
      data: [
        PlotBlock(
          ["start", "place", "alone", "tower"], results.map(\.start.label),
          results.enumerated().map { number, result in
            [
              Double(count - number), result.values(result.alone).mean,
              result.values(result.tower).mean,
            ]
          })
      ],
      size: (900, 180 + 34 * count),
      commands: """
        set ytics noenhanced
        set xlabel '\(metric.header)'\(metric == .perplexity ? "\nset logscale x" : "")
        set yrange [0.4:\(count).6]
        set offsets graph 0.02, graph 0.02, 0, 0
        set bmargin 6
        set key horizontal at screen 0.5,0.02 center bottom maxcols 2
        plot data using 3:2:ytic(1) with points pointtype 6 pointsize 1.2 linewidth 2 \\
            linecolor rgb '\(Plot.colour(0))' title 'alone', \\
          data using 4:2 with points pointtype 7 pointsize 0.9 \\
            linecolor rgb '\(Plot.colour(1))' title 'with the tower'
        """)
  }
}
