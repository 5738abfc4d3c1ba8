import Hypertower

/// A page that shows what became of a run: curves, settings, result, and how a classifier does.
struct RunReport {
  let history: TrainingHistory
  /// Nil: there was nothing to measure on.
  let evaluations: EvaluationHistory?
  let tower: Tower
  /// What the run was given, by name.
  let settings: [(name: String, value: String)]
  /// What it has come to.
  let result: [(name: String, value: String)]
  /// Nil: the model is no classifier, or predicts characters, or the run has not come to its end.
  let classes: ClassReport?

  /// The page.
  var html: String {
    let charts = ([lossChart, accuracyChart] + hyperparameterCharts).compactMap { $0?.svg }
    let curves =
      charts.isEmpty
      ? "<p>No step was taken.</p>"
      : "<div class=\"charts\">\n\(charts.map { "<div>\($0)</div>" }.joined(separator: "\n"))\n</div>"
    return HTML.page(
      title: tower.shortText,
      [HTML.section("Result", HTML.table(result)), HTML.section("Curves", curves)]
        + (classes?.sections ?? []) + [HTML.section("Settings", HTML.table(settings))])
  }

  // MARK: Curves

  private var lossChart: LineChart? {
    let mean = history.stride > 1 ? "mean of \(history.stride) steps" : ""
    let unit = [evaluations?.measure.lossUnit ?? "nats", mean].filter { !$0.isEmpty }
    let training = LineChart.Curve(
      name: evaluations == nil ? "" : "training", colour: colour(0, of: 1),
      points: history.points.map { (Double($0.step), $0.loss) })
    let measured = evaluations.map { own in
      LineChart.Curve(
        name: own.measure.name, colour: colour(1, of: 2),
        points: own.points.map { (Double($0.step), $0.loss) })
    }
    return LineChart(
      title: "loss", unit: unit.joined(separator: ", "),
      curves: [training] + (measured.map { [$0] } ?? []))
  }

  private var accuracyChart: LineChart? {
    // Without accuracies there is nothing to draw.
    evaluations.map { own in
      LineChart(
        title: "\(own.measure.name) accuracy", unit: "%",
        curves: [
          .init(
            name: "", colour: colour(1, of: 2),
            points: own.points.map { (Double($0.step), $0.accuracyPercent ?? .nan) })
        ])
    }
  }

  private var hyperparameterCharts: [LineChart?] {
    HyperparameterPanel.panels(of: tower, names: history.names).map { panel in
      LineChart(
        title: panel.title, unit: "",
        curves: panel.lines.enumerated().map { number, line in
          .init(
            name: panel.label(number) ?? "", colour: colour(number, of: panel.lines.count),
            points: history.points.map {
              (Double($0.step), $0.values[line.level][line.index])
            })
        }, isLogarithmic: panel.isLogarithmic(history.points))
    }
  }

  /// A colour that is seen on light and dark pages.
  private func colour(_ number: Int, of count: Int) -> String {
    guard count > HyperparameterPanel.mostDistinct else { return "var(--c\(number))" }
    return Plot.gradientColour(0.2 + 0.65 * Double(number) / Double(count - 1))
  }
}
