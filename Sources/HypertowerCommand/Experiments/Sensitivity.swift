import Datasets
import Glibc
import Hypertower

/// Figure 3 of the 2019 paper: the accuracy after an epoch of SGD towers of several heights, by the step
/// size that all their levels start with.
struct Sensitivity: TrialExperiment {
  let name = "sensitivity"
  let seeds: Int
  let laboratory: Laboratory
  private let steps: Int
  private let heights: [Int]
  private let numbers: [Int]

  /// PyTorch's accuracies in percent for the same runs, by height and number of the step size.
  private static let reference: [Int: [Int: Double]] = [
    0: [5: 13.7, 8: 47.9, 11: 86.5, 14: 91.6, 17: 37.9],
    1: [5: 47.8, 8: 85.0, 11: 89.7, 14: 89.3, 17: 36.7],
    3: [5: 82.6, 8: 88.2, 11: 89.8, 14: 89.4, 17: 27.5],
  ]
  /// From this number on rounding decides where runs end: PyTorch itself gives 41, 84 or 10 percent
  /// at height 0 and number 16.
  private static let firstChaotic = 15

  /// - Parameters:
  ///   - heights: those of the towers; default: as in the paper.
  ///   - numbers: which of the 20 step sizes are tried; default: all.
  ///   - steps: how many steps every run takes; default: an epoch.
  init(
    heights: [Int] = Array(0...5), numbers: [Int] = Array(0..<20), seeds: Int, steps: Int? = nil,
    on device: Device
  ) throws {
    self.heights = heights
    self.numbers = numbers
    self.seeds = seeds
    laboratory = try Laboratory(
      try MNIST.embedded(), batchSize: 300, isShuffled: false, on: device)
    self.steps = steps ?? laboratory.stepsPerEpoch
  }

  init(seeds: Int, isQuick: Bool, on device: Device) throws {
    try self.init(
      heights: isQuick ? [0, 1, 2] : Array(0...5),
      numbers: isQuick ? [5, 8, 11, 14, 17] : Array(0..<20), seeds: seeds,
      steps: isQuick ? 20 : nil, on: device)
  }

  var settings: [String: String] { ["seeds": "\(seeds)", "steps": "\(steps)"] }

  private func stepSize(_ number: Int) -> Double { pow(10, -7 + 10 * Double(number) / 19) }

  private func id(height: Int, number: Int, seed: Int) -> String {
    "height \(height), step size \(formatted("%.4g", stepSize(number))), seed \(seed)"
  }

  var units: [Trial] {
    heights.flatMap { height in
      numbers.flatMap { number in
        (0..<seeds).map { seed in
          Trial(
            id: id(height: height, number: number, seed: seed),
            source: .given(
              Tower(Array(repeating: SGD(stepSize(number)).levels[0], count: height + 1))),
            start: seed == 0 ? .reference : .drawn, seed: UInt64(seed), steps: steps)
        }
      }
    }
  }

  // MARK: Report

  func report(_ outcomes: [String: TrialOutcome]) -> ExperimentReport {
    func accuracy(_ height: Int, _ number: Int) -> SeedValues {
      SeedValues(
        (0..<seeds).map {
          outcomes[id(height: height, number: number, seed: $0)]?.testAccuracyPercent
        })
    }
    let accuracies = numbers.map { number in heights.map { accuracy($0, number) } }
    let compared = Self.reference.keys.sorted().filter { heights.contains($0) }
    let isComparable = seeds == 1 && steps == laboratory.stepsPerEpoch
    return ExperimentReport(
      title: "Taller towers need less tuning",
      description: """
        Figure 3 of the paper of 2019: one epoch of MNIST in file order, in batches of 300; \
        784–128–10, tanh after both layers; every level starts with the same step size. \
        \(Laboratory.startText(seeds: seeds))
        """,
      tables: [
        MarkdownTable(
          caption: "Test accuracy in %, by the height of the tower:",
          header: ["step size"] + heights.map { "height \($0)" },
          rows: zip(numbers, accuracies).map { number, row in
            [formatted("%.3g", stepSize(number))] + row.map { $0.text("%.2f") }
          })
      ]
        + (isComparable
          ? [
            MarkdownTable(
              caption: "Beside PyTorch's for the same runs; step size i is 10^(−7 + 10·i/19):",
              header: ["i", "step size"] + compared.flatMap { ["height \($0)", "PyTorch"] },
              rows: Self.reference[0]!.keys.sorted().map { number in
                let values = compared.flatMap { height in
                  [
                    accuracy(height, number).text("%.2f"),
                    formatted("%.1f", Self.reference[height]![number]!),
                  ]
                }
                return ["\(number)", formatted("%.3g", stepSize(number))] + values
              })
          ] : []),
      plots: [plot(accuracies.map { $0.map(\.mean) }, compared: isComparable ? compared : [])],
      summary: zip(numbers, accuracies).map { number, row in
        var values: [String: Double?] = ["step_size": stepSize(number)]
        for (height, accuracy) in zip(heights, row) {
          values["height_\(height)_accuracy_percent"] = accuracy.mean
          values["height_\(height)_runs"] = Double(accuracy.count)
          values["height_\(height)_diverged"] = Double(accuracy.count - accuracy.values.count)
          if isComparable {
            values["height_\(height)_pytorch"] = Self.reference[height]?[number]
          }
        }
        return SummaryRow("step size \(number)", values)
      },
      remarks: chaosRemark + failures(outcomes))
  }

  /// What to know about the largest step sizes.
  private var chaosRemark: [String] {
    guard numbers.contains(where: { $0 >= Self.firstChaotic }) else { return [] }
    return [
      "Step sizes from \(formatted("%.3g", stepSize(Self.firstChaotic))) on are chaotic: there "
        + "rounding alone decides where a run ends."
    ]
  }

  private func plot(_ accuracies: [[Double?]], compared: [Int]) -> Plot {
    let columns = heights.map { "height \($0)" }
    let references = compared.flatMap { height in
      Self.reference[height]!.sorted { $0.key < $1.key }.map { number, value in
        [stepSize(number), value, Double(height)] as [Double?]
      }
    }
    var curves = heights.map { height in
      """
      data index 0 using 1:\(height + 2) with linespoints pointtype \(height + 4) pointsize 0.8 \
      linewidth \(formatted("%.1f", 4.5 - 0.6 * Double(height))) linecolor rgb '\(Plot.colour(height))' title 'height \(height)'
      """
    }
    if !references.isEmpty {
      curves.append(
        "data index 1 using 1:2 with points pointtype 2 pointsize 1.2 linewidth 2 "
          + "linecolor rgb '#000000' title 'PyTorch'")
    }
    return Plot(
      name: name, title: "Test accuracy after one epoch, by the step size at the start",
      data: [
        PlotBlock(
          ["step size"] + columns, zip(numbers, accuracies).map { [stepSize($0)] + $1 })
      ] + (references.isEmpty ? [] : [PlotBlock(["step size", "PyTorch", "height"], references)]),
      commands: """
        set logscale x
        set format x '10^{%T}'
        set xlabel 'step size of all levels at the start'
        set ylabel 'test accuracy (%)'
        set yrange [0:100]
        set key outside right center
        plot \(curves.joined(separator: ", \\\n  "))
        """)
  }
}
