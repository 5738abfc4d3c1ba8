import Hypertower

extension Untuned {
  /// A panel for each problem: its metric by Adam's step size, and a line for each contender.
  func plot(_ results: [Result], _ outcomes: [String: TrialOutcome]) -> Plot {
    let columns = min(4, problems.count)
    let rows = (problems.count + columns - 1) / columns
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
      size: (320 * columns + 40, 260 * rows + 60 + 20 * contenders.count),
      commands: """
        set multiplot layout \(rows),\(columns) title 'Adam by its step size, and what needs none' \\
          margins 0.07,0.98,\(formatted("%.3f", keyShare(rows))),0.92 spacing 0.07,0.09
        set key at screen 0.5,0.005 center bottom horizontal maxcols 2 noenhanced
        set logscale x
        set format x '10^{%T}'
        \(panels.joined(separator: "\nunset key\n"))
        unset multiplot
        """)
  }

  /// What part of the height is left for the key.
  private func keyShare(_ rows: Int) -> Double {
    let height = Double(260 * rows + 60 + 20 * contenders.count)
    return Double(80 + 20 * contenders.count) / height
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
      set title \(Plot.quoted(problem.name)) noenhanced
      set ylabel \(Plot.quoted(problem.metric == .accuracy ? "accuracy (%)" : problem.metric.rawValue)) noenhanced
      plot \((courses + lines).joined(separator: ", \\\n  "))
      """
  }
}
