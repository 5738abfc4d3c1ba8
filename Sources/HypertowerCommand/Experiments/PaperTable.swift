import Hypertower

/// A table of towers: how well each does, what it learns, and how well its bottom rule does when it
/// starts with that and keeps it.
struct PaperTable: TrialExperiment {
  /// A tower of the table.
  struct Row {
    /// The tower as the table writes it.
    let notation: String
    let tower: Tower
    let epochs: Int
    /// What the paper has for it, in percent.
    var paper: Double?
    /// What the paper has for the rerun with the learned hyperparameters, in percent.
    var paperRerun: Double?

    /// - Precondition: `notation` is a tower.
    init(_ notation: String, epochs: Int = 1, _ paper: Double? = nil, rerun: Double? = nil) {
      self.notation = notation
      tower = try! Tower(parsing: notation)
      self.epochs = epochs
      self.paper = paper
      paperRerun = rerun
    }

    var isTower: Bool { tower.height > 0 }
  }

  /// What is counted, in percent of the test set.
  enum Metric: String {
    case accuracy
    case error

    func value(_ outcome: TrialOutcome) -> Double? {
      switch self {
      case .accuracy: outcome.testAccuracyPercent
      case .error: outcome.testErrorPercent
      }
    }
  }

  let name: String
  let title: String
  let description: String
  let rows: [Row]
  let metric: Metric
  /// The number of seeds.
  let seeds: Int
  /// Whether the first seed stands for the reference weights.
  let startsFromReference: Bool
  /// The number of steps of every run; nil: as many as the epochs have.
  var steps: Int?
  let laboratory: Laboratory

  var settings: [String: String] {
    [
      "seeds": "\(seeds)", "batch size": "\(laboratory.batchSize)",
      "order": laboratory.isShuffled ? "shuffled" : "as in the file",
      "steps": steps.map { "\($0)" } ?? "an epoch's, times the epochs",
    ]
  }

  // MARK: Trials

  private func id(_ row: Row, rerun: Bool, seed: Int) -> String {
    "\(row.notation)\(rerun ? ", learned values held" : ""), \(row.epochs) "
      + "epoch\(row.epochs == 1 ? "" : "s"), seed \(seed)"
  }

  var units: [Trial] {
    rows.flatMap { row in
      (row.isTower ? [false, true] : [false]).flatMap { rerun in
        (0..<seeds).map { seed in
          Trial(
            id: id(row, rerun: rerun, seed: seed),
            source: rerun ? .learned(by: id(row, rerun: false, seed: seed)) : .given(row.tower),
            start: startsFromReference && seed == 0 ? .reference : .drawn, seed: UInt64(seed),
            steps: steps ?? row.epochs * laboratory.stepsPerEpoch)
        }
      }
    }
  }

  // MARK: Report

  /// A row with its outcomes.
  private struct Result {
    let row: Row
    let first: [TrialOutcome]
    let rerun: [TrialOutcome]
    let metric: Metric

    /// Those of the runs that took place.
    func values(_ outcomes: [TrialOutcome]) -> SeedValues {
      SeedValues(outcomes.filter { !$0.isSkipped }.map(metric.value))
    }
  }

  func report(_ outcomes: [String: TrialOutcome]) -> ExperimentReport {
    let results = rows.map { row in
      func all(rerun: Bool) -> [TrialOutcome] {
        (0..<seeds).compactMap { outcomes[id(row, rerun: rerun, seed: $0)] }
      }
      return Result(
        row: row, first: all(rerun: false), rerun: row.isTower ? all(rerun: true) : [],
        metric: metric)
    }
    return ExperimentReport(
      title: title, description: description, tables: [table(results)], plots: [plot(results)],
      summary: results.map(summary), remarks: failures(outcomes))
  }

  private func table(_ results: [Result]) -> MarkdownTable {
    let columns: [(header: String, cell: (Result) -> String)] = [
      ("tower", { "`\($0.row.notation)`" }),
      ("epochs", { hasSeveralLengths ? "\($0.row.epochs)" : "" }),
      ("test \(metric) %", { $0.values($0.first).text("%.2f") }),
      ("paper", { text($0.row.paper) }),
      ("learned held", { $0.values($0.rerun).text("%.2f") }),
      ("paper", { text($0.row.paperRerun) }),
      ("ms a step", { text($0.first.millisecondsPerStep, "%.3f") }),
      ("learned", { $0.row.isTower ? learned($0.row, $0.first) : "" }),
    ]
    // A column without anything is none.
    let used = columns.filter { column in results.contains { !column.cell($0).isEmpty } }
    return MarkdownTable(
      header: used.map(\.header), rows: results.map { result in used.map { $0.cell(result) } })
  }

  private var hasSeveralLengths: Bool { Set(rows.map(\.epochs)).count > 1 }

  private func text(_ value: Double?, _ format: String = "%.2f") -> String {
    value.map { formatted(format, $0) } ?? ""
  }

  /// The bottom rule's learned hyperparameters, the mean over the seeds, in four digits.
  private func learned(_ row: Row, _ outcomes: [TrialOutcome]) -> String {
    row.tower.levels[0].hyperparameters.compactMap { own in
      let values = outcomes.compactMap { outcome in
        outcome.failure == nil ? outcome.bottomHyperparameters[own.name] : nil
      }
      return values.isEmpty ? nil : "\(own.name) " + formatted("%.4g", values.mean)
    }.joined(separator: ", ")
  }

  private func summary(_ result: Result) -> SummaryRow {
    let (first, rerun) = (result.values(result.first), result.values(result.rerun))
    return SummaryRow(
      result.row.notation,
      [
        "epochs": Double(result.row.epochs), "\(metric)_percent": first.mean,
        "runs": Double(first.count), "diverged": Double(first.count - first.values.count),
        "deviation": first.standardDeviation, "paper": result.row.paper,
        "rerun_runs": Double(rerun.count),
        "rerun_diverged": Double(rerun.count - rerun.values.count),
        "rerun_\(metric)_percent": rerun.mean, "rerun_deviation": rerun.standardDeviation,
        "paper_rerun": result.row.paperRerun,
        "milliseconds_per_step": result.first.millisecondsPerStep,
      ])
  }

  private func plot(_ results: [Result]) -> Plot {
    let count = results.count
    let rows = results.enumerated().map { number, result -> [Double?] in
      let (first, rerun) = (result.values(result.first), result.values(result.rerun))
      return [
        Double(count - number), first.mean, first.standardDeviation ?? 0, result.row.paper,
        rerun.mean, rerun.standardDeviation ?? 0, result.row.paperRerun,
      ]
    }
    let hasPaper = results.contains { $0.row.paper != nil }
    let labels = results.map { result in
      result.row.notation + (hasSeveralLengths ? ", \(result.row.epochs) epochs" : "")
    }
    let paper =
      ", data using 5:($2 - 0.12) with points pointtype 2 pointsize 0.9 linewidth 2 "
      + "linecolor rgb '\(Plot.colour(0))' title 'the paper', "
      + "data using 8:($2 - 0.12) with points pointtype 1 pointsize 0.9 linewidth 2 "
      + "linecolor rgb '\(Plot.colour(1))' title 'the paper, learned values held'"
    return Plot(
      name: name, title: title,
      data: [
        PlotBlock(
          ["tower", "place", "ours", "deviation", "paper", "held", "deviation", "paper, held"],
          labels, rows)
      ],
      size: (1100, 180 + 34 * count),
      commands: """
        set ytics noenhanced
        set xlabel 'test \(metric) in %'
        set yrange [0.4:\(count).6]
        set offsets graph 0.02, graph 0.02, 0, 0
        set bmargin 7
        set key horizontal at screen 0.5,0.02 center bottom maxcols 2
        plot data using 3:($2 + 0.12):4:ytic(1) with xerrorbars pointtype 7 pointsize 0.8 \\
            linecolor rgb '\(Plot.colour(0))' title 'ours', \\
          data using 6:($2 + 0.12):7 with xerrorbars pointtype 6 pointsize 1.1 linewidth 2 \\
            linecolor rgb '\(Plot.colour(1))' title 'ours, learned values held'\(hasPaper ? paper : "")
        """)
  }
}
