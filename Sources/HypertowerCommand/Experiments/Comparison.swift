import Datasets
import Hypertower

/// Towers side by side on one data set, over several seeds.
struct Comparison: TrialExperiment {
  let name = "compare"
  /// All with the same additions.
  let optimizations: [Optimization]
  /// What the table shows besides the loss; nil: nothing, as of predicted values.
  let metric: Starts.Metric?
  /// The number of steps of every run.
  let steps: Int
  /// The number of runs of every tower.
  let seeds: Int
  let laboratory: Laboratory
  /// What the data set is called.
  let dataName: String
  /// What tells the network and the data apart from others.
  let network: [String: String]

  private var towers: [Tower] { optimizations.map(\.tower) }

  var settings: [String: String] {
    network.merging([
      "seeds": "\(seeds)", "steps": "\(steps)",
      "towers": towers.map(\.description).joined(separator: " | "),
    ]) { $1 }
  }

  private func id(_ tower: Tower, seed: Int) -> String { "\(tower), seed \(seed)" }

  var units: [Trial] {
    optimizations.flatMap { own in
      (0..<seeds).map { seed in
        Trial(
          id: id(own.tower, seed: seed), source: .given(own.tower), seed: UInt64(seed),
          steps: steps,
          firstStep: own.firstStep, average: own.average, keeps: .losses)
      }
    }
  }

  // MARK: Report

  func report(_ outcomes: [String: TrialOutcome]) -> ExperimentReport {
    let results = towers.map { tower in
      (tower: tower, outcomes: (0..<seeds).compactMap { outcomes[id(tower, seed: $0)] })
    }
    return ExperimentReport(
      title: "Towers compared",
      description: """
        \(dataName); \
        \(network.sorted { $0.key < $1.key }.map { "\($0) \($1)" }.joined(separator: ", ")); \
        \(steps) steps; \(seeds) seed\(seeds == 1 ? "" : "s"), mean ± standard deviation.
        """,
      tables: [
        MarkdownTable(
          header: ["tower"] + (metric.map { [$0.header] } ?? [])
            + ["test loss", "ms a step", "learned by the first seed"],
          rows: results.map { row($0.tower, $0.outcomes) })
      ],
      plots: [plot(results)],
      summary: results.map { summary($0.tower, $0.outcomes) },
      remarks: failures(outcomes))
  }

  private func row(_ tower: Tower, _ outcomes: [TrialOutcome]) -> [String] {
    var cells = ["`\(tower)`"]
    if let metric {
      cells.append(
        SeedValues(outcomes.map(metric.value)).text(metric == .accuracy ? "%.2f" : "%.3f"))
    }
    cells.append(SeedValues(outcomes.map(\.testLoss)).text("%.4f"))
    cells.append(outcomes.millisecondsPerStep.map { formatted("%.3f", $0) } ?? "")
    let learned = outcomes.first { $0.failure == nil }.map { "`\($0.tower)`" }
    cells.append(tower.height > 0 ? learned ?? "" : "")
    return cells
  }

  private func summary(_ tower: Tower, _ outcomes: [TrialOutcome]) -> SummaryRow {
    let losses = SeedValues(outcomes.map(\.testLoss))
    let values = metric.map { SeedValues(outcomes.map($0.value)) } ?? losses
    var numbers: [String: Double?] = [
      "deviation": values.standardDeviation, "runs": Double(values.count),
      "diverged": Double(values.count - values.values.count), "test_loss": losses.mean,
      "milliseconds_per_step": outcomes.millisecondsPerStep,
    ]
    switch metric {
    case .accuracy?: numbers["test_accuracy_percent"] = values.mean
    case .perplexity?: numbers["perplexity"] = values.mean
    case nil: break
    }
    return SummaryRow("\(tower)", numbers)
  }

  /// The training loss over steps: the mean of the seeds that came so far, each point that of a window of steps.
  private func plot(_ results: [(tower: Tower, outcomes: [TrialOutcome])]) -> Plot {
    let window = max(1, steps / 200)
    let blocks = results.map { tower, outcomes in
      let curves = outcomes.compactMap(\.curve?.losses)
      return PlotBlock(
        ["step", "loss", "least", "greatest"],
        stride(from: 0, to: steps, by: window).map { start in
          let means = curves.compactMap { losses in
            start < losses.count
              ? Array(losses[start..<min(start + window, losses.count)]).mean : nil
          }
          let middle = Double(start) + Double(min(window, steps - start) - 1) / 2
          return means.isEmpty
            ? [middle, nil, nil, nil] : [middle, means.mean, means.min(), means.max()]
        })
    }
    // Short texts may coincide.
    let short = towers.map(\.shortText)
    let labels =
      Set(short).count == short.count
      ? short
      : short.enumerated().map {
        "\($0.offset + 1): \($0.element)"
      }
    let bands = blocks.indices.map { number in
      """
      data index \(number) using 1:3:4 with filledcurves fillstyle transparent solid 0.2 noborder \
      linecolor rgb '\(Plot.colour(number))' notitle
      """
    }
    let curves = blocks.indices.map { number in
      """
      data index \(number) using 1:2 with lines linewidth 2 dashtype \(number / 8 + 1) \
      linecolor rgb '\(Plot.colour(number))' title \(Plot.quoted(labels[number])) noenhanced
      """
    }
    let losses = results.flatMap(\.outcomes).compactMap(\.curve?.losses).joined()
    let isLogarithmic = (losses.min() ?? 0) > 0 && losses.max()! > 10 * losses.min()!
    return Plot(
      name: name, title: "Training loss by step", data: blocks,
      size: (900, 480 + 22 * blocks.count),
      commands: """
        \(isLogarithmic ? "set logscale y" : "unset logscale y")
        set xlabel 'step'
        set ylabel 'training loss (nats\(window > 1 ? ", mean of \(window) steps" : ""))'
        set key outside bottom center maxcols 1
        plot \(((seeds > 1 ? bands : []) + curves).joined(separator: ", \\\n  "))
        """)
  }
}
