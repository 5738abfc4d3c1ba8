import Hypertower

extension Untuned {
  private static let closely = UntunedMetric.Margin(points: 0.3, percent: 2)
  private static let nearly = UntunedMetric.Margin(points: 1, percent: 4)
  private static let nearlyCosine = UntunedMetric.Margin(points: 0.5, percent: 4)

  /// Adam with its best step size on a problem.
  struct Reference {
    let stepSize: Double?
    let values: UntunedValues
  }

  /// A contender on a problem, beside the best that Adam comes to.
  struct Result {
    let problem: UntunedProblem
    let label: String
    let optimization: Optimization
    let values: UntunedValues
    let constant: Reference
    let cosine: Reference

    /// How far the median lies behind that of Adam, in the metric's unit.
    func lag(behind reference: Reference) -> Double {
      problem.metric.lag(values.median, behind: reference.values.median)
    }

    /// Whether it is within each of the report's margins, in their order.
    var verdicts: [Bool] {
      Untuned.margins.map { margin in
        problem.metric.isWithin(
          margin.margin, lag: lag(behind: margin.course == .constant ? constant : cosine))
      }
    }
  }

  /// What a contender is judged by.
  static let margins: [(margin: UntunedMetric.Margin, course: Course)] = [
    (closely, .constant), (nearly, .constant), (nearlyCosine, .cosine),
  ]
  private static let marginTexts = margins.map { "within \($0.margin.text) of \($0.course)" }

  func results(_ outcomes: [String: TrialOutcome]) -> [Result] {
    problems.flatMap { problem in
      func reference(_ course: Course) -> Reference {
        let best = best(course, on: problem, outcomes)
        return Reference(
          stepSize: best?.stepSize,
          values: UntunedValues(
            (best.map { [$0.outcome] } ?? [])
              + repetitions(course, on: problem).compactMap { outcomes[$0.id] },
            problem.metric))
      }
      let (constant, cosine) = (reference(.constant), reference(.cosine))
      return contenders.map { contender in
        Result(
          problem: problem, label: contender.label,
          optimization: contender.optimization(problem.model),
          values: UntunedValues(
            runs(of: contender, on: problem).compactMap { outcomes[$0.id] }, problem.metric),
          constant: constant, cosine: cosine)
      }
    }
  }

  func report(_ outcomes: [String: TrialOutcome]) -> ExperimentReport {
    let results = results(outcomes)
    return ExperimentReport(
      title: "What needs no tuning, beside Adam with the best step size",
      description: """
        A tower is run as it is; \(stepSizes.count) step sizes of Adam from \
        \(formatted("%g", stepSizes[0])) to \(formatted("%g", stepSizes[stepSizes.count - 1])), constant and with \
        cosine decay over the run, are searched with the first seed. Of \(Self.seeds) seeds each the median counts; in \
        parentheses are the best and the worst. Adam is tested with the polynomial average of the weights, too. A tower \
        lies behind Adam by points of accuracy, decades of the excess loss, or percent of any other metric; where the \
        number is negative, it is ahead. A run that diverged is the worst.
        """,
      tables: [resultTable(results), countTable(results), problemTable],
      plots: [plot(results, outcomes)], summary: results.map(summary),
      remarks: edgeRemarks(results) + divergenceRemark(outcomes))
  }

  private func resultTable(_ results: [Result]) -> MarkdownTable {
    func stepSize(_ reference: Reference) -> String {
      reference.stepSize.map { formatted("%.2g", $0) } ?? ""
    }
    func lag(_ result: Result, _ reference: Reference) -> String {
      result.problem.metric.text(ofLag: result.lag(behind: reference))
    }
    return MarkdownTable(
      header: [
        "problem", "tower", "its median", "constant Adam", "step size", "cosine Adam", "step size",
        "behind constant", "behind cosine",
      ] + Self.marginTexts,
      rows: results.map { result in
        [
          result.problem.name, "`\(result.optimization.tower)`", result.values.text,
          result.constant.values.text, stepSize(result.constant), result.cosine.values.text,
          stepSize(result.cosine), lag(result, result.constant), lag(result, result.cosine),
        ] + result.verdicts.map { $0 ? "yes" : "no" }
      })
  }

  private func countTable(_ results: [Result]) -> MarkdownTable {
    MarkdownTable(
      caption: "Of how many problems a tower is within these margins:",
      header: ["tower", "problems"] + Self.marginTexts,
      rows: contenders.map { contender in
        let own = results.filter { $0.label == contender.label }.map(\.verdicts)
        return [contender.label, "\(own.count)"]
          + Self.margins.indices.map { margin in "\(own.count { $0[margin] })" }
      })
  }

  private var problemTable: MarkdownTable {
    MarkdownTable(
      caption: "The problems:", header: ["problem", "what it is", "batch", "steps", "metric"],
      rows: problems.map {
        [$0.name, $0.title, "\($0.batchSize)", "\($0.steps)", $0.metric.rawValue]
      })
  }

  private func summary(_ result: Result) -> SummaryRow {
    var values: [String: Double?] = ["median": result.values.median]
    for (course, reference) in [
      (Course.constant, result.constant), (Course.cosine, result.cosine),
    ] {
      values["\(course)_median"] = reference.values.median
      values["\(course)_step_size"] = reference.stepSize
      values["behind_\(course)"] = result.lag(behind: reference)
    }
    return SummaryRow("\(result.problem.name): \(result.label)", values)
  }

  /// Where the search might have gone on.
  private func edgeRemarks(_ results: [Result]) -> [String] {
    let edges = [stepSizes[0], stepSizes[stepSizes.count - 1]]
    return results.filter { $0.label == contenders[0].label }.flatMap { result in
      [(Course.constant, result.constant), (Course.cosine, result.cosine)].compactMap {
        course, reference in
        reference.stepSize.map(edges.contains) == true
          ? "\(result.problem.name): the best step size of \(course) Adam is at the edge of the search."
          : nil
      }
    }
  }

  private func divergenceRemark(_ outcomes: [String: TrialOutcome]) -> [String] {
    let own = units
    let count = own.count { outcomes[$0.id]?.failure != nil }
    return count == 0 ? [] : ["\(count) of \(own.count) runs diverged."]
  }
}
