import Hypertower

extension Untuned {
  /// A panel for each problem: its metric by Adam's step size, and a line for each contender.
  func plot(_ results: [Result], _ outcomes: [String: TrialOutcome]) -> Plot {
    let layout = PanelLayout(count: problems.count, keyLines: 1 + contenders.count)
    let blocks = problems.map { problem in
      func values(_ course: Course) -> [Double?] {
        search(course, on: problem).map { outcomes[$0.id].flatMap(problem.metric.value) }
      }
      return PlotBlock(
        ["step size", "constant", "cosine"],
        zip(stepSizes, zip(values(.constant), values(.cosine))).map { [$0, $1.0, $1.1] })
    }
    let panels = problems.indices.map { number in
      let problem = problems[number]
      return panel(
        problem, index: number, results.filter { $0.problem.name == problem.name })
    }
    // The first panel has the key of all.
    return Plot(
      name: name, title: "Adam by its step size, and what needs none", data: blocks,
      size: layout.size,
      commands: """
        set multiplot \(layout.text) title 'Adam by its step size, and what needs none'
        set key at screen 0.5,0.005 center bottom horizontal maxcols 2 noenhanced
        set logscale x
        set format x '10^{%T}'
        \(panels.joined(separator: "\nunset key\n"))
        unset multiplot
        """)
  }

  /// Where the axis of a metric ends in percent: runs that are far worse than the best would squeeze the others together.
  private func greatest(of problem: UntunedProblem, _ results: [Result]) -> String {
    let values = results.flatMap {
      [$0.values.median, $0.constant.values.median, $0.cosine.values.median].compactMap { $0 }
    }
    return values.min().map { formatted("%.3g", 30 * $0) } ?? "*"
  }

  private func panel(_ problem: UntunedProblem, index: Int, _ results: [Result]) -> String {
    let isLogarithmic = problem.metric.unit == .percent
    let courses = Course.allCases.enumerated().map { number, course in
      """
      data index \(index) using 1:\(number + 2) with linespoints pointtype \(6 + number) pointsize 0.6 \
      linewidth 2 linecolor rgb '\(Plot.colour(number))' title 'Adam, \(course)'
      """
    }
    let lines = results.enumerated().compactMap { number, result in
      result.values.median.map { value in
        """
        \(formatted("%.9g", value)) with lines linewidth 3 dashtype \(number + 1) \
        linecolor rgb '\(Plot.colour(6 - number % 4))' title \(Plot.quoted(result.label))
        """
      }
    }
    return """
      \(isLogarithmic ? "set logscale y" : "unset logscale y")
      set yrange [*:\(isLogarithmic ? greatest(of: problem, results) : "*")]
      set title \(Plot.quoted(problem.name)) noenhanced
      set ylabel \(Plot.quoted(problem.metric == .accuracy ? "accuracy (%)" : problem.metric.rawValue)) noenhanced
      plot \((courses + lines).joined(separator: ", \\\n  "))
      """
  }
}

/// Where the panels of a plot lie, with room for a key below them.
private struct PanelLayout {
  let columns: Int
  let rows: Int
  let keyLines: Int

  /// A panel with its labels, in pixels.
  private static let panel = (width: 320, height: 260)
  /// What titles, labels and the numbers of an axis take.
  private static let margin = 80
  private static let keyLine = 20

  init(count: Int, keyLines: Int) {
    columns = min(4, count)
    rows = (count + columns - 1) / columns
    self.keyLines = keyLines
  }

  var size: (width: Int, height: Int) {
    (
      columns * Self.panel.width + Self.margin / 2,
      rows * Self.panel.height + Self.margin + keyLines * Self.keyLine
    )
  }

  /// What gnuplot's `set multiplot` is told.
  var text: String {
    func share(_ pixels: Int, of whole: Int) -> String {
      formatted("%.4f", Double(pixels) / Double(whole))
    }
    let (width, height) = size
    let margins = [
      share(Self.margin, of: width), share(width - Self.margin / 4, of: width),
      share(Self.margin + keyLines * Self.keyLine, of: height),
      share(height - Self.margin, of: height),
    ].joined(separator: ",")
    return "layout \(rows),\(columns) margins \(margins) "
      + "spacing \(share(Self.margin, of: width)),\(share(Self.margin, of: height))"
  }
}
