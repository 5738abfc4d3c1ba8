import Hypertower

/// The loss and every level's hyperparameters over the steps of a run.
///
/// The loss has a panel, and so has each hyperparameter that is tuned, those of every level but the top; in
/// a tall tower those of one kind share a panel.
struct TrainingPlot {
  private let history: TrainingHistory
  private let tower: Tower

  /// Towers of more levels than this are tall.
  private static let mostLevels = 3
  /// More lines than this are coloured from dark to light.
  private static let mostDistinct = 8

  /// A level of a group of parameters.
  private struct Level {
    /// nil where there are no groups.
    let group: String?
    /// From the bottom of the group's tower.
    let number: Int
    let rule: UpdateRule
    /// Whether its hyperparameters stay as they are.
    let isTop: Bool

    var label: String { (group.map { "\($0), " } ?? "") + "level \(number)" }
  }

  /// A hyperparameter of a level.
  private struct Line {
    /// The number of its level, counted over all groups.
    let level: Int
    let index: Int
    let name: String
    /// What it is to its rule: `alpha`, where `name` may be `w1_alpha`.
    let kind: String
    /// Its column of the data, from 1.
    let column: Int
  }

  private struct Panel {
    let title: String
    let kind: String
    let lines: [Line]
  }

  init(_ history: TrainingHistory, tower: Tower) {
    self.history = history
    self.tower = tower
  }

  var plot: Plot {
    let panels = panels
    let title = tower.shortText
    let columns = panels.count > 3 ? 3 : 2
    let rows = (panels.count + columns) / columns
    let mean = history.stride > 1 ? ", mean of \(history.stride) steps" : ""
    return Plot(
      name: "training", title: title,
      data: [
        PlotBlock(
          ["step", "loss"] + lines.map { "\(levels[$0.level].label) \($0.name)" },
          history.points.map { point in
            [Double(point.step), point.loss] + lines.map { point.values[$0.level][$0.index] }
          })
      ],
      size: (columns * 480, rows * 320 + 40),
      commands: """
        set multiplot layout \(rows),\(columns) title \(Plot.quoted(title)) noenhanced
        set key outside bottom center horizontal noenhanced
        set xlabel 'step'
        unset logscale
        set format y '%g'
        set title 'training loss' noenhanced
        set ylabel 'loss (nats\(mean))' noenhanced
        plot data using 1:2 with lines linecolor rgb '\(Plot.colour(0))' notitle
        \(panels.map(commands).joined(separator: "\n"))
        unset multiplot
        """)
  }

  /// The levels of all groups that move, as records have them.
  private var levels: [Level] {
    tower.groups.flatMap { group in
      group.levels.enumerated().map { number, rule in
        Level(
          group: group.selector?.description, number: number, rule: rule,
          isTop: number + 1 == group.levels.count)
      }
    }
  }

  private var lines: [Line] {
    var column = 2
    return zip(levels, history.names).enumerated().flatMap { level, pair in
      let (rule, names) = (pair.0.rule, pair.1)
      return names.enumerated().map { index, name in
        column += 1
        // Of a level whose step sizes alone are tuned, the others have no line.
        let kind = rule.hyperparameters.map(\.name).first { name == $0 || name.hasSuffix("_\($0)") }
        return Line(level: level, index: index, name: name, kind: kind ?? name, column: column)
      }
    }
  }

  private var panels: [Panel] {
    let levels = levels
    let isTall = levels.count > Self.mostLevels
    var panels: [Panel] = []
    for line in lines where !levels[line.level].isTop {
      let level = levels[line.level]
      let title = isTall ? line.kind : "\(level.label), \(level.rule.name): \(line.kind)"
      if let known = panels.firstIndex(where: { $0.title == title }) {
        panels[known] = Panel(
          title: title, kind: line.kind, lines: panels[known].lines + [line])
      } else {
        panels.append(Panel(title: title, kind: line.kind, lines: [line]))
      }
    }
    return panels
  }

  private func commands(_ panel: Panel) -> String {
    let values = history.points.flatMap { point in
      panel.lines.map { point.values[$0.level][$0.index] }
    }
    let isLogarithmic = (values.min() ?? 0) > 0 && values.max()! > 10 * values.min()!
    let isShared = Set(panel.lines.map(\.level)).count > 1
    let count = panel.lines.count
    let curves = panel.lines.enumerated().map { number, line in
      let label = isShared ? "\(levels[line.level].label) \(line.name)" : line.name
      return "data using 1:\(line.column) with lines linewidth 2 "
        + "linecolor rgb '\(colour(number, of: count))' "
        + (count > 1 && isNamed(number, of: count) ? "title \(Plot.quoted(label))" : "notitle")
    }
    return """
      \(isLogarithmic ? "set logscale y; set format y '%.0e'" : "unset logscale; set format y '%.10g'")
      set title \(Plot.quoted(panel.title))
      set ylabel '\(panel.kind)'
      plot \(curves.joined(separator: ", \\\n  "))
      """
  }

  /// Of many lines, those evenly spread over all levels have names.
  private func isNamed(_ number: Int, of count: Int) -> Bool {
    guard count > Self.mostDistinct else { return true }
    let step = Double(count - 1) / Double(Self.mostDistinct - 1)
    return (0..<Self.mostDistinct).contains { Int((Double($0) * step).rounded()) == number }
  }

  private func colour(_ number: Int, of count: Int) -> String {
    guard count > Self.mostDistinct else { return Plot.colour(number) }
    return Plot.gradientColour(Double(number) / Double(count - 1))
  }
}
