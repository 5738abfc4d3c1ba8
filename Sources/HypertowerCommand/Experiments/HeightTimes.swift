import Hypertower

/// Figure 4 of the 2019 paper: what a step takes by the height of the tower, and the line through that.
struct HeightTimes: Experiment {
  /// Milliseconds a step in one round, for every tower and height.
  struct Outcome: Codable {
    var milliseconds: [String: [Double]]
  }

  /// All towers once.
  struct Unit: ExperimentUnit {
    let id: String
    let steps: Int
  }

  let name = "height"
  private let rounds: Int
  private let heights: [Int]
  private let benchmark: Lazy<StepBenchmark>

  private static let towers = ["sgd", "adam"]
  /// The paper's lines, in milliseconds at heights 0 and 50.
  private static let paper = ["sgd": (first: 17.0, last: 30.0), "adam": (first: 40.0, last: 286.0)]

  init(rounds: Int, isQuick: Bool, on device: Device) {
    self.rounds = isQuick ? min(rounds, 3) : rounds
    let heights =
      isQuick ? [0, 1, 2, 3, 4, 5] : [0, 1] + Array(stride(from: 5, through: 50, by: 5))
    self.heights = heights
    benchmark = Lazy {
      try StepBenchmark(
        try BenchmarkNetwork(hidden: [128], activation: .tanh, loss: .nll, batchSize: 300),
        Self.towers.flatMap { name in heights.map { .init(name, height: $0) } }, on: device)
    }
  }

  var settings: [String: String] {
    ["rounds": "\(rounds)", "heights": heights.map(String.init).joined(separator: ",")]
  }

  var units: [Unit] {
    (1...rounds).map {
      Unit(
        id: "round \($0)", steps: BenchmarkNetwork.steps * heights.count * Self.towers.count)
    }
  }

  func run(
    _ unit: Unit, after outcomes: [String: Outcome], advance: (Int) throws -> Void
  ) throws -> Outcome {
    let times = try benchmark.value().round()
    try advance(unit.steps)
    return Outcome(
      milliseconds: Dictionary(
        uniqueKeysWithValues: Self.towers.enumerated().map { number, tower in
          (tower, Array(times[number * heights.count..<(number + 1) * heights.count]))
        }))
  }

  // MARK: Report

  func report(_ outcomes: [String: Outcome]) -> ExperimentReport {
    let medians = Self.towers.map { tower in
      heights.indices.map { index in
        outcomes.values.map { $0.milliseconds[tower]![index] }.median
      }
    }
    // Without hypergradients, height 0 is not on the line.
    let fits = medians.map { medians in
      LinearFit(zip(heights, medians).filter { $0.0 > 0 }.map { (x: Double($0), y: $1) })
    }
    let slopes = zip(Self.towers, fits).map { tower, fit in
      let paper = Self.paper[tower]!
      return [
        tower, formatted("%.3f", fit.intercept),
        slopeText(fit),
        formatted("%.0f", (paper.last - paper.first) / 50 * 1000),
      ]
    }
    return ExperimentReport(
      title: "Step time by the height of the tower",
      description: """
        Figure 4 of the paper of 2019: 784–128–10, tanh after both layers, MNIST in batches of 300. A \
        time is that of \(BenchmarkNetwork.steps) steps and a wait for the device, divided by their \
        number; all towers take turns, \(rounds) rounds, and the medians count. The line is fitted \
        to heights from 1 on, for at height 0 there are no hypergradients; ± is its confidence \
        interval of 95 %.
        """,
      tables: [
        MarkdownTable(
          caption: "Milliseconds a step:", header: ["height"] + heights.map(String.init),
          rows: zip(Self.towers, medians).map { tower, times in
            [tower] + times.map { formatted("%.3f", $0) }
          }),
        MarkdownTable(
          header: [
            "tower", "ms a step at height 0 by the line", "µs a level", "the paper's µs a level",
          ], rows: slopes),
      ],
      plots: [plot(medians, fits, outcomes)],
      summary: zip(Self.towers, fits).map { tower, fit in
        SummaryRow(
          tower,
          [
            "intercept_ms": fit.intercept, "slope_ms_per_level": fit.slope,
            "slope_interval_ms": fit.slopeInterval,
            "paper_slope_ms_per_level": (Self.paper[tower]!.last - Self.paper[tower]!.first) / 50,
          ])
      })
  }

  /// Microseconds a level, with the interval.
  private func slopeText(_ fit: LinearFit) -> String {
    formatted("%.2f", fit.slope * 1000) + " ± " + formatted("%.2f", fit.slopeInterval * 1000)
  }

  private func plot(
    _ medians: [[Double]], _ fits: [LinearFit], _ outcomes: [String: Outcome]
  ) -> Plot {
    let blocks = zip(Self.towers, medians).map { tower, medians in
      PlotBlock(
        ["height", "median", "lower quartile", "upper quartile"],
        heights.indices.map { index in
          let times = outcomes.values.map { $0.milliseconds[tower]![index] }.sorted()
          return [
            Double(heights[index]), medians[index], times[times.count / 4],
            times[times.count * 3 / 4],
          ]
        })
    }
    let names = ["SGD", "Adam"]
    let ours = fits.indices.map { number in
      let (fit, colour) = (fits[number], Plot.colour(number))
      return """
        data index \(number) using 1:2:3:4 with yerrorbars pointtype \(number == 0 ? 7 : 5) \
        pointsize 0.8 linecolor rgb '\(colour)' title '\(names[number])', \\
          \(fit.intercept) + \(fit.slope) * x with lines linewidth 2 dashtype \(number + 1) \
        linecolor rgb '\(colour)' title '\(slopeText(fit)) µs a level'
        """
    }
    let paper = Self.towers.enumerated().map { number, tower in
      let line = Self.paper[tower]!
      return """
        \(line.first) + \((line.last - line.first) / 50) * x with lines linewidth 2 \
        dashtype \(number + 1) linecolor rgb '\(Plot.colour(number))' title '\(names[number])'
        """
    }
    let top = (medians.joined().max() ?? 1) * 1.3
    return Plot(
      name: name, title: "Step time by the height of the tower", data: blocks, size: (1000, 520),
      commands: """
        unset title
        set multiplot layout 1,2 title 'Step time by the height of the tower'
        set xlabel 'height of the tower (levels above the bottom one)'
        set ylabel 'milliseconds a step'
        set xrange [\(heights[0]):\(heights[heights.count - 1])]
        set key bottom left Left reverse
        set title 'here (medians and quartiles)'
        set yrange [0:\(top)]
        plot \(ours.joined(separator: ", \\\n  "))
        set title 'the paper of 2019, on its machine'
        set yrange [0:300]
        set key top left
        plot \(paper.joined(separator: ", \\\n  "))
        unset multiplot
        """)
  }
}
