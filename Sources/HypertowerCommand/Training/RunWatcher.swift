import Hypertower

/// Something that follows a run: it sees every step's record, and the trainer at steps of its choice.
///
/// What it does changes no result of the run.
protocol RunWatcher: AnyObject {
  /// What warnings call its output.
  var output: String { get }

  /// The number of steps from `step` to the next after which it looks at the trainer; nil: it does not.
  func stepsUntilDue(after step: Int) -> Int?

  /// Takes the records of further steps.
  ///
  /// - Throws: what concerns its output.
  func append(_ records: [StepRecord]) throws

  /// Looks at the trainer when that is due, and after the last step.
  ///
  /// - Throws: what concerns its output, or what the device reports.
  func look(at trainer: Trainer, isLast: Bool) throws

  /// Forgets the steps from `step` on, to which the run has gone back.
  ///
  /// - Throws: what concerns its output.
  func rewind(to step: Int) throws

  /// Whether the run is to end here.
  var endsRun: Bool { get }

  /// What checkpoints keep for a run that goes on.
  var checkpointMetadata: [String: String] { get }
}

extension RunWatcher {
  var endsRun: Bool { false }
  var checkpointMetadata: [String: String] { [:] }
}

/// Steps that come again and again: those after every so many.
struct StepInterval {
  let steps: Int

  /// - Precondition: at least 1.
  init(_ steps: Int) { self.steps = steps }

  /// The number of steps from `step` to the next that is due.
  func stepsUntilDue(after step: Int) -> Int { steps - step % steps }

  /// Whether something is due after `step` steps.
  func isDue(after step: Int) -> Bool { step % steps == 0 }
}
