import Datasets
import Glibc
import Hypertower

/// Figure 1 of the 2019 paper: the loss of SGD over steps and fixed step sizes, a surface, and the paths
/// that self-tuning SGD takes across it.
struct Surface: TrialExperiment {
  let name = "surface"
  let seeds: Int
  let laboratory: Laboratory
  private let steps: Int
  private let stepSizes: [Double]
  /// The self-tuning ones, whose step size is theirs at first.
  private let paths = [SGD(0.01) / SGD(0.01), SGD(1e-4) / SGD(0.01)]

  init(seeds: Int, isQuick: Bool, on device: Device) throws {
    self.seeds = seeds
    laboratory = try Laboratory(
      try MNIST.embedded(), batchSize: 300, isShuffled: false, on: device)
    steps = isQuick ? 20 : laboratory.stepsPerEpoch
    let perDecade = isQuick ? 1 : 8
    stepSizes = (0...6 * perDecade).map { pow(10, Double($0) / Double(perDecade) - 4) }
  }

  var settings: [String: String] { ["seeds": "\(seeds)", "steps": "\(steps)"] }

  private func id(_ tower: Tower, seed: Int) -> String { "\(tower), seed \(seed)" }

  private var towers: [Tower] { stepSizes.map { SGD($0).tower } + paths }

  var units: [Trial] {
    towers.flatMap { tower in
      (0..<seeds).map { seed in
        Trial(
          id: id(tower, seed: seed), source: .given(tower),
          start: seed == 0 ? .reference : .drawn, seed: UInt64(seed), steps: steps,
          keeps: .course)
      }
    }
  }

  // MARK: Report

  /// The mean over the seeds of something of every step.
  private func mean(
    _ outcomes: [String: TrialOutcome], _ tower: Tower,
    _ values: (TrialOutcome.Curve) -> [Double]
  ) -> [Double?] {
    let curves = (0..<seeds).compactMap { outcomes[id(tower, seed: $0)]?.curve }.map(values)
    return (0..<steps).map { step in
      let known = curves.compactMap { step < $0.count ? $0[step] : nil }
      return known.isEmpty ? nil : known.mean
    }
  }

  /// The mean over windows of steps: one batch is easier than the next.
  private func smoothed(_ values: [Double?], window: Int = 8) -> [(step: Double, value: Double?)] {
    stride(from: 0, to: values.count, by: window).map { start in
      let part = values[start..<min(start + window, values.count)]
      let known = part.compactMap { $0 }
      return (
        Double(start) + Double(part.count - 1) / 2, known.count == part.count ? known.mean : nil
      )
    }
  }

  /// The mean over the steps around each step, as many as there are.
  private func movingMean(_ values: [Double?], reach: Int = 4) -> [Double?] {
    values.indices.map { step in
      let part = values[max(0, step - reach)...min(step + reach, values.count - 1)]
      let known = part.compactMap { $0 }
      return known.count == part.count ? known.mean : nil
    }
  }

  func report(_ outcomes: [String: TrialOutcome]) -> ExperimentReport {
    let losses = stepSizes.map { mean(outcomes, SGD($0).tower, \.losses) }
    let paths = paths.map { tower in
      (
        tower: tower, losses: mean(outcomes, tower, \.losses),
        stepSizes: mean(outcomes, tower) { $0.hyperparameters["alpha"] ?? [] }
      )
    }
    let levels = zip(stepSizes, losses).map { (stepSize: $0, loss: smoothed($1).last?.value) }
    // The table has every fourth, file and plot have all.
    var rows = levels.enumerated().filter { $0.offset % 4 == 0 }.map(\.element).map {
      item -> (String, Double?, Double?) in
      ("`sgd(\(formatted("%.4g", item.stepSize)))`", item.stepSize, item.loss)
    }
    rows += paths.map { path in
      ("`\(path.tower)`", path.stepSizes.last ?? nil, smoothed(path.losses).last?.value)
    }
    return ExperimentReport(
      title: "The loss surface of SGD, and self-tuning SGD's path across it",
      description: """
        Figure 1 of the paper of 2019: one epoch of MNIST in file order, in batches of 300; \
        784–128–10, tanh after both layers. \(Laboratory.startText(seeds: seeds)) The losses of \
        batches are averaged over 8 steps, those of the paths over 9.
        """,
      tables: [
        MarkdownTable(
          header: ["tower", "step size at the end", "loss of the last batches"],
          rows: rows.map { label, stepSize, loss in
            [
              label, stepSize.map { formatted("%.4g", $0) } ?? "",
              loss.map { formatted("%.4f", $0) } ?? "diverged",
            ]
          })
      ],
      plots: [plot(losses, paths.map { ("\($0.tower)", $0.losses, $0.stepSizes) })],
      summary: levels.map {
        SummaryRow("\(SGD($0.stepSize).tower)", ["step_size": $0.stepSize, "loss": $0.loss])
      }
        + paths.map {
          SummaryRow(
            "\($0.tower)",
            ["step_size": $0.stepSizes.last ?? nil, "loss": smoothed($0.losses).last?.value])
        },
      remarks: failures(outcomes))
  }

  private func plot(
    _ losses: [[Double?]], _ paths: [(label: String, losses: [Double?], stepSizes: [Double?])]
  ) -> Plot {
    // gnuplot wants a surface as scans of equal length, with an empty line between them.
    var grid: [[Double?]] = []
    for (stepSize, values) in zip(stepSizes, losses) {
      grid += smoothed(values).map { [log10(stepSize), $0.step, $0.value] } + [[]]
    }
    let blocks = paths.map { path in
      PlotBlock(
        ["step size, log 10", "step", "loss"],
        zip(path.stepSizes, movingMean(path.losses)).enumerated().map { step, point in
          [point.0.flatMap { $0 > 0 ? log10($0) : nil }, Double(step), point.1]
        })
    }
    let lines = paths.indices.map { number in
      // The line lies a little above the surface, which would hide half of it.
      """
      data index \(number + 1) using 1:2:($3 + 0.03) with lines linewidth 4 \
      linecolor rgb '\(number == 0 ? "#D55E00" : "#000000")' \
      title \(Plot.quoted(paths[number].label)) noenhanced
      """
    }
    return Plot(
      name: name, title: "Loss of SGD by step and step size, and self-tuning SGD on its way",
      data: [PlotBlock(["step size, log 10", "step", "loss"], grid)] + blocks,
      size: (1000, 700),
      commands: """
        set xlabel 'step size' rotate parallel offset 0,-1
        set ylabel 'step' rotate parallel offset 0,-1
        set zlabel 'training loss (nats)' rotate parallel offset -1
        set xrange [2:-4]
        set xtics ('10^{-4}' -4, '10^{-3}' -3, '10^{-2}' -2, '10^{-1}' -1, '1' 0, '10' 1, '100' 2)
        set ztics 0.5
        set xyplane relative 0
        set view 45, 200
        set border 4095 linecolor rgb '#999999'
        set pm3d scansautomatic border linecolor rgb '#ffffff' linewidth 0.2
        set palette defined (\(Plot.palette))
        set colorbox user origin 0.9,0.25 size 0.02,0.5
        set cblabel 'training loss (nats)'
        set key at screen 0.5,0.04 center bottom maxrows 1
        splot data index 0 using 1:2:3 with pm3d notitle, \\
          \(lines.joined(separator: ", \\\n  "))
        """)
  }
}
