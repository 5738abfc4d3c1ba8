import Datasets
import Glibc
import Hypertower

/// The accuracy after an epoch by the step size at the start, over twelve decades: optimizers, towers, and
/// the tower that needs no tuning, with and without a limit of the first step and an average of the
/// weights.
struct Decades: TrialExperiment {
  let name = "decades"
  let seeds: Int
  let laboratory: Laboratory
  private let steps: Int
  private let starts: [Double]

  /// What is tried: a tower for a start, and what it is called.
  private struct Subject {
    let label: String
    var variants = Variant.allCases
    /// Whether the tower says itself which weights are tested.
    var hasOwnAverage = false
    let tower: @Sendable (Double) -> Tower
  }

  private static let subjects = [
    Subject(label: "sgd") { SGD($0).tower },
    Subject(label: "sgd, height 1") { SGD($0) / SGD($0) },
    Subject(label: "sgd, height 3") { Tower(Array(repeating: SGD($0).levels[0], count: 4)) },
    Subject(label: "adam") { Adam($0).tower },
    Subject(label: "adam / adam") { Adam($0) / Adam() },
    Subject(label: "adam_alpha / adam") { Adam($0, tunesOnlyLearningRate: true) / Adam() },
    Subject(label: "adam / kesten") { Adam($0) / Kesten() },
    Subject(label: "adam / drift") { Adam($0) / Drift() },
    Subject(label: "prodigy", variants: [.plain, .average]) { Prodigy(initialDistance: $0).tower },
    Subject(label: "dadapt_adam", variants: [.plain, .average]) {
      DAdaptAdam(initialDistance: $0).tower
    },
    Subject(label: "dog", variants: [.plain, .average]) { DoG(initialDistance: $0).tower },
    Subject(label: "mechanic", variants: [.plain, .average]) { Mechanic(initialScale: $0).tower },
    Subject(label: "schedule_free_adam", variants: [.plain], hasOwnAverage: true) {
      ScheduleFreeAdam($0).tower
    },
  ]
  private static let ours = "adam / drift"

  /// How a run is made and what of it is tested.
  private enum Variant: CaseIterable {
    case plain, average, limited, both

    var suffix: String {
      switch self {
      case .plain: ""
      case .average: " + average"
      case .limited: " + limit"
      case .both: " + limit + average"
      }
    }
    var isLimited: Bool { self == .limited || self == .both }
    var isAverage: Bool { self == .average || self == .both }
  }

  /// - Parameters:
  ///   - starts: the step sizes at the start; default: half decades from 1e-8 to 1e4.
  ///   - steps: how many steps every run takes; default: an epoch.
  init(seeds: Int, starts: [Double]? = nil, steps: Int? = nil, on device: Device) throws {
    self.seeds = seeds
    self.starts = starts ?? (0...24).map { pow(10, -8 + Double($0) / 2) }
    laboratory = try Laboratory(
      try MNIST.embedded(), batchSize: 300, isShuffled: false, on: device)
    self.steps = steps ?? laboratory.stepsPerEpoch
  }

  init(seeds: Int, isQuick: Bool, on device: Device) throws {
    try self.init(
      seeds: seeds, starts: isQuick ? [1e-8, 1e-2, 1e4] : nil, steps: isQuick ? 20 : nil,
      on: device)
  }

  var settings: [String: String] {
    ["seeds": "\(seeds)", "steps": "\(steps)", "starts": "\(starts.count)"]
  }

  private func id(_ subject: Subject, _ start: Double, isLimited: Bool, seed: Int) -> String {
    "\(subject.label)\(isLimited ? " limited" : "") from \(formatted("%.3g", start)), seed \(seed)"
  }

  var units: [Trial] {
    [false, true].flatMap { isLimited in
      Self.subjects.filter { $0.variants.contains { $0.isLimited == isLimited } }.flatMap {
        subject in
        starts.flatMap { start in
          (0..<seeds).map { seed in
            Trial(
              id: id(subject, start, isLimited: isLimited, seed: seed),
              source: .given(subject.tower(start)), start: seed == 0 ? .reference : .drawn,
              seed: UInt64(seed), steps: steps,
              firstStep: isLimited ? AdditionOptions.standardFirstStep : nil,
              average: subject.hasOwnAverage ? nil : AdditionOptions.standardAverage,
              testsLastWeights: true)
          }
        }
      }
    }
  }

  // MARK: Report

  private struct Curve {
    let label: String
    let isOurs: Bool
    /// By start, of all seeds; nil where a run diverged.
    let accuracies: [[Double?]]

    var all: [Double?] { accuracies.flatMap { $0 } }
    /// The worst of all runs; a run that diverged is as good as a guess.
    var worst: Double { all.map { $0 ?? Decades.chance }.min()! }
    /// The mean over the seeds, for each start.
    var means: [Double] { accuracies.map { $0.map { $0 ?? Decades.chance }.mean } }
    /// How many starts lead to at least `accuracy` for every seed.
    func count(atLeast accuracy: Double) -> Int {
      accuracies.filter { $0.allSatisfy { ($0 ?? 0) >= accuracy } }.count
    }
  }

  /// The accuracy of a guess, in percent.
  private static let chance = 10.0

  private func curves(_ outcomes: [String: TrialOutcome]) -> [Curve] {
    Self.subjects.flatMap { subject in
      subject.variants.map { variant in
        Curve(
          label: subject.label + variant.suffix,
          isOurs: subject.label == Self.ours && variant == .both,
          accuracies: starts.map { start in
            (0..<seeds).map { seed in
              let outcome = outcomes[
                id(subject, start, isLimited: variant.isLimited, seed: seed)]
              return variant.isAverage || subject.hasOwnAverage
                ? outcome?.testAccuracyPercent : outcome?.testAccuracyPercentOfLastWeights
            }
          })
      }
    }
  }

  func report(_ outcomes: [String: TrialOutcome]) -> ExperimentReport {
    let curves = curves(outcomes)
    return ExperimentReport(
      title: "Twelve decades of step sizes",
      description: """
        One epoch of MNIST in file order, in batches of 300; 784–128–10, tanh after both layers. SGD \
        towers start all levels with the same step size, the others the bottom level; upper levels of \
        adam keep their default, 0.001. The start of prodigy and dadapt_adam is d0, that of dog reps_rel, that of mechanic s_init. \
        "limit": the first step promises at most a thousandth of the \
        loss; "average": the polynomial average of the weights is tested. `hypertower train` without \
        --optimizer is `\(Self.ours) + limit + average`. \(Laboratory.startText(seeds: seeds))
        """,
      tables: [
        MarkdownTable(
          caption:
            "Of \(starts.count) starts, half a decade apart, those that lead to an accuracy of at "
            + "least 90 % and 94 % from every initial weights; the worst and the best run:",
          header: ["", "≥ 90 %", "≥ 94 %", "worst (%)", "best (%)"],
          rows: curves.map { curve in
            [
              curve.label, "\(curve.count(atLeast: 90))", "\(curve.count(atLeast: 94))",
              formatted("%.2f", curve.worst),
              formatted("%.2f", curve.all.compactMap { $0 }.max() ?? Self.chance),
            ]
          }),
        MarkdownTable(
          caption: "Mean accuracy in %; a run that diverged counts as a guess, 10 %:",
          header: ["start"] + shown(curves).map(\.label),
          rows: starts.enumerated().map { number, start in
            [formatted("%.2g", start)]
              + shown(curves).map { formatted("%.2f", $0.means[number]) }
          }),
      ],
      plots: [plot(shown(curves))],
      summary: curves.map { curve in
        var values: [String: Double?] = [
          "worst_accuracy_percent": curve.worst,
          "starts_from_90_percent": Double(curve.count(atLeast: 90)),
          "starts_from_94_percent": Double(curve.count(atLeast: 94)),
        ]
        for (start, mean) in zip(starts, curve.means) {
          values["mean_from_\(formatted("%.3g", start))"] = mean
        }
        return SummaryRow(curve.label, values)
      },
      remarks: failureRemark(outcomes))
  }

  /// What fits into one picture.
  private func shown(_ curves: [Curve]) -> [Curve] {
    let labels = [
      "sgd", "sgd, height 3", "adam", "adam / adam", "prodigy + average", "dog + average",
      "adam / drift + limit + average", "schedule_free_adam",
    ]
    return labels.compactMap { label in curves.first { $0.label == label } }
  }

  private func failureRemark(_ outcomes: [String: TrialOutcome]) -> [String] {
    let count = units.count { outcomes[$0.id]?.failure != nil }
    return count == 0 ? [] : ["\(count) of \(units.count) runs diverged."]
  }

  private func plot(_ curves: [Curve]) -> Plot {
    let lines = curves.enumerated().map { number, curve in
      """
      data index 0 using 1:\(number + 2) with linespoints pointtype \(number + 4) pointsize 0.7 \
      linewidth \(curve.isOurs ? 5 : 2) linecolor rgb '\(Plot.colour(number))' \
      title \(Plot.quoted(curve.label))
      """
    }
    return Plot(
      name: name, title: "Test accuracy after one epoch, by the step size at the start",
      data: [
        PlotBlock(
          ["start"] + curves.map(\.label),
          starts.enumerated().map { number, start in
            [start] + curves.map { Optional($0.means[number]) }
          })
      ],
      commands: """
        set logscale x
        set format x '10^{%T}'
        set xlabel 'step size at the start'
        set ylabel 'test accuracy (%)'
        set yrange [0:100]
        set key outside right center noenhanced
        plot \(lines.joined(separator: ", \\\n  "))
        """)
  }
}
