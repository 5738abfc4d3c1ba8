import ArgumentParser
import Hypertower

/// How a run is watched beside its log.
struct WatchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Write event files for TensorBoard into a folder: loss and hyperparameters, accuracy, norms of the \
      weights and their gradients.
      """, valueName: "folder"), completion: .directory)
  var tensorboard: String?

  @Option(
    help: ArgumentHelp(
      """
      Write the loss and the hyperparameters of steps whose number is a multiple of this to TensorBoard, norms ten \
      times more rarely; default: so that a run has a thousand points.
      """, valueName: "steps"))
  var tensorboardEvery: Int?

  @Flag(help: "Write histograms of the weights and their gradients to TensorBoard, with the norms.")
  var tensorboardHistograms = false

  @Option(
    help: ArgumentHelp(
      """
      Measure the accuracy after every so many steps for what follows it, such as --tensorboard; default: an \
      epoch, but at least ten times a run.
      """, valueName: "steps"))
  var evaluateEvery: Int?

  @Option(
    help: ArgumentHelp(
      """
      End the run when so many evaluations in a row were not better than the best so far: in the accuracy on the \
      samples that --validation holds back (with --class-weights the balanced accuracy), or in the loss of texts and \
      predicted values.
      """, valueName: "patience"))
  var earlyStopping: Int?

  @Option(
    help: ArgumentHelp(
      """
      Write the weights that did best in an evaluation to a safetensors file, whenever there are better ones: those with \
      the greatest accuracy on the validation or else the test data (with --class-weights the balanced accuracy), or the \
      least loss of texts and predicted values.
      """, valueName: "file"), completion: .file())
  var saveBest: String?

  @Option(
    help: ArgumentHelp(
      """
      Write a page about the run that needs nothing else: curves, settings, result, the confusion matrix of \
      classes, and the images that are classified worst.
      """, valueName: "file"), completion: .file())
  var report: String?

  /// - Parameters:
  ///   - plot: what --plot names, which shows the accuracy, too.
  ///   - isResumed: whether the run goes on, perhaps with a patience that it began with.
  func check(plot: String?, isResumed: Bool) throws {
    if evaluateEvery != nil && !evaluates && plot == nil && !isResumed {
      throw ValidationError(
        "--evaluate-every has nothing to measure for: give --tensorboard, --early-stopping, --save-best, --report or "
          + "--plot")
    }
  }

  func validate() throws {
    for (option, steps) in [
      ("--tensorboard-every", tensorboardEvery), ("--evaluate-every", evaluateEvery),
      ("--early-stopping", earlyStopping),
    ] {
      if let steps, steps < 1 {
        throw ValidationError("\(option) \(steps) is out of range: it must be 1 or more")
      }
    }
    if tensorboard == nil, tensorboardEvery != nil || tensorboardHistograms {
      let option = tensorboardEvery == nil ? "--tensorboard-histograms" : "--tensorboard-every"
      throw ValidationError("\(option) needs a folder: give --tensorboard")
    }
  }

  /// Whether anything is given that follows the accuracy.
  private var evaluates: Bool {
    tensorboard != nil || earlyStopping != nil || saveBest != nil || report != nil
  }

  /// After how many steps of a run accuracy is measured.
  ///
  /// A run that may end early measures as when it began, so that it ends where it would have without a break.
  func evaluationInterval(_ settings: TrainingSettings, stepsPerEpoch: Int) -> StepInterval {
    StepInterval(
      evaluateEvery ?? settings.evaluationInterval
        ?? max(1, min(settings.steps / 10, stepsPerEpoch)))
  }

  /// What TensorBoard shows of a run.
  func tensorBoardPace(steps: Int, evaluations: StepInterval) -> TensorBoardWatcher.Pace {
    let scalars = tensorboardEvery ?? max(1, (steps + 999) / 1000)
    let (tensors, overflows) = scalars.multipliedReportingOverflow(by: 10)
    return TensorBoardWatcher.Pace(
      scalars: scalars, tensors: StepInterval(overflows ? .max : tensors),
      evaluations: evaluations, writesHistograms: tensorboardHistograms)
  }
}
