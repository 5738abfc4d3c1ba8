import Hypertower

/// What is drawn of a run when it has ended, well or not: its plot and its report.
struct RunPictures {
  let history: TrainingHistory
  /// Nil: there is nothing to measure on.
  let evaluations: EvaluationHistory?
  /// The tower that the run began with.
  let tower: Tower
  /// The folder of the plot; nil: none is asked for.
  let plot: String?
  /// Nil: none is asked for.
  let report: ReservedFile?
  /// What the run was given, for the report.
  let settings: [(name: String, value: String)]
  /// What the network is given and tells apart.
  let input: NetworkDescription.Input

  /// Draws what is asked for.
  ///
  /// - Parameters:
  ///   - result: what the run has come to.
  ///   - trainer: with the weights that the report tests; nil: they are not worth it.
  ///   - faults: gets those of outputs; one that cannot be written does not keep the other back.
  /// - Throws: what the device reports.
  func draw(
    _ result: [(name: String, value: String)], trainer: Trainer?, _ faults: OutputFaults
  ) throws {
    try faults.attempt { try drawPlot() }
    guard let report else { return }
    let classes = try trainer.flatMap { try classReport($0) }
    let page = RunReport(
      history: history, evaluations: evaluations, tower: tower, settings: settings, result: result,
      classes: classes
    ).html
    try faults.attempt {
      try Interruption.whileWaiting(for: report.path) {
        try report.write(Array(page.utf8)) { Interruption.isRequested }
      }
    }
  }

  private func drawPlot() throws {
    guard let plot else { return }
    let drawing = TrainingPlot(history, evaluations, tower: tower).plot
    try drawing.write(to: plot)
    if !Gnuplot.draw([drawing], in: plot).isEmpty {
      Console.warn("drawn: \(plot)/\(drawing.name).svg and .png")
    }
  }

  private func classReport(_ trainer: Trainer) throws -> ClassReport? {
    guard let measure = evaluations?.measure else { return nil }
    let (shape, classCount): ([Int], Int)
    switch input {
    case .images(let own, let classes), .numbers(let own, .classes(let classes)):
      (shape, classCount) = (own, classes)
    case .numbers(_, .values), .text: return nil
    }
    return ClassReport(
      samples: try ClassifiedSamples(measure.data, by: trainer, classCount: classCount),
      measure: measure, shape: shape)
  }
}
