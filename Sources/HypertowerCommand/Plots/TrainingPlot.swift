import Hypertower

/// The loss, the accuracy and every level's hyperparameters over the steps of a run.
///
/// The losses on the training samples and on others have a panel, the accuracy another, and so have the
/// hyperparameters; see `HyperparameterPanel`.
struct TrainingPlot {
  private let history: TrainingHistory
  private let evaluations: EvaluationHistory?
  private let tower: Tower

  /// - Parameter evaluations: nil: there was nothing to measure on.
  init(_ history: TrainingHistory, _ evaluations: EvaluationHistory?, tower: Tower) {
    self.history = history
    // gnuplot draws no panel without points: a run may diverge before it is measured.
    self.evaluations =
      evaluations?.points.contains { $0.loss.isFinite && $0.accuracyPercent?.isFinite ?? true }
        ?? false
      ? evaluations : nil
    self.tower = tower
  }

  var plot: Plot {
    let panels = HyperparameterPanel.panels(of: tower, names: history.names).filter { panel in
      panel.lines.contains { line in
        history.points.contains { $0.values[line.level][line.index].isFinite }
      }
    }
    let lines = HyperparameterPanel.lines(of: tower, names: history.names)
    let title = tower.shortText
    let count = panels.count + (evaluations?.measure.hasAccuracy == true ? 2 : 1)
    let columns = count > 4 ? 3 : 2
    let rows = (count + columns - 1) / columns
    return Plot(
      name: "training", title: title,
      data: [
        PlotBlock(
          ["step", "loss"] + lines.map(\.label),
          history.points.map { point in
            [Double(point.step), point.loss] + lines.map { point.values[$0.level][$0.index] }
          })
      ]
        + (evaluations.map { own in
          [
            PlotBlock(
              ["step", own.measure.lossKey, own.measure.accuracyKey],
              own.points.map { [Double($0.step), $0.loss, $0.accuracyPercent ?? .nan] })
          ]
        } ?? []),
      size: (columns * 480, rows * 320 + 40),
      commands: """
        set multiplot layout \(rows),\(columns) title \(Plot.quoted(title)) noenhanced
        set key outside bottom center horizontal noenhanced
        set xlabel 'step'
        unset logscale
        set format y '%g'
        set title '\(evaluations == nil ? "training loss" : "loss")' noenhanced
        set ylabel 'loss\(lossUnit)' noenhanced
        \(lossCommands)
        \(panels.map(commands).joined(separator: "\n"))
        unset multiplot
        """)
  }

  /// The unit of the loss, and how many steps a point stands for, in parentheses.
  private var lossUnit: String {
    let parts = [
      evaluations?.measure.lossUnit ?? "nats",
      history.stride > 1 ? "mean of \(history.stride) steps" : "",
    ].filter { !$0.isEmpty }
    return parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))"
  }

  private var lossCommands: String {
    let training = "plot data index 0 using 1:2 with lines linecolor rgb '\(Plot.colour(0))'"
    guard let measure = evaluations?.measure else { return training + " notitle" }
    let style =
      "with linespoints linewidth 2 pointtype 7 pointsize 0.4 linecolor rgb '\(Plot.colour(1))'"
    let losses = """
      \(training) title 'training', \\
        data index 1 using 1:2 \(style) title '\(measure.name)'
      """
    guard measure.hasAccuracy else { return losses }
    return """
      \(losses)
      set title '\(measure.name) accuracy' noenhanced
      set ylabel 'accuracy (%)' noenhanced
      plot data index 1 using 1:3 \(style) notitle
      """
  }

  private func commands(_ panel: HyperparameterPanel) -> String {
    let curves = panel.lines.enumerated().map { number, line in
      // The step and the loss are the first columns.
      "data index 0 using 1:\(line.place + 3) with lines linewidth 2 "
        + "linecolor rgb '\(colour(number, of: panel.lines.count))' "
        + (panel.label(number).map { "title \(Plot.quoted($0))" } ?? "notitle")
    }
    return """
      \(panel.isLogarithmic(history.points) ? "set logscale y; set format y '%.0e'" : "unset logscale; set format y '%.10g'")
      set title \(Plot.quoted(panel.title))
      set ylabel '\(panel.kind)'
      plot \(curves.joined(separator: ", \\\n  "))
      """
  }

  private func colour(_ number: Int, of count: Int) -> String {
    guard count > HyperparameterPanel.mostDistinct else { return Plot.colour(number) }
    return Plot.gradientColour(Double(number) / Double(count - 1))
  }
}
