import ArgumentParser
import Glibc
import Hypertower

/// What is kept of a run while it goes on, and what is done when it goes wrong.
struct CheckpointOptions: ParsableArguments {
  @Option(
    name: .customLong("checkpoint"),
    help: ArgumentHelp(
      "Keep the run in a folder, so that --resume can go on with it.", valueName: "folder"),
    completion: .directory)
  var folder: String?

  @Option(
    name: .customLong("checkpoint-every"),
    help: """
      The number of steps from one checkpoint, or one state for --on-divergence restore, to the next; default: an \
      epoch, but for checkpoints at least ten seconds.
      """)
  var interval: Int?

  @Option(
    name: .customLong("checkpoint-keep"), help: "How many of the latest checkpoints stay.")
  var keeps = 3

  @Option(
    help: ArgumentHelp(
      "Go on with the run whose checkpoints are in a folder, with its settings; --epochs or --steps may make it longer.",
      valueName: "folder"), completion: .directory)
  var resume: String?

  enum DivergencePolicy: String, ExpressibleByArgument, CaseIterable {
    case stop
    case restore
  }

  @Option(
    help: """
      What to do when the loss or a hyperparameter is not finite: stop, or restore the last good \
      state and go on with a tenth of the bottom step size, five times at most.
      """)
  var onDivergence = DivergencePolicy.stop

  func validate() throws {
    if let interval, interval < 1 {
      throw ValidationError("--checkpoint-every \(interval) is out of range: it must be 1 or more")
    }
    guard keeps >= 1 else {
      throw ValidationError("--checkpoint-keep \(keeps) is out of range: it must be 1 or more")
    }
    if folder != nil && resume != nil {
      throw ValidationError(
        "--checkpoint and --resume exclude each other: a resumed run goes on in its folder")
    }
    if interval != nil && folder == nil && resume == nil && onDivergence == .stop {
      throw ValidationError(
        "--checkpoint-every needs a folder: give --checkpoint, or --on-divergence restore")
    }
  }

  /// The folder of a run that begins; nil if none is asked for.
  ///
  /// - Throws: `InputError` if it cannot be written, or holds files that the run would write.
  func newFolder() throws -> CheckpointFolder? {
    guard let path = folder else { return nil }
    try OutputFolder.create(path)
    let folder = try open(path)
    try Self.check(folder)
    return folder
  }

  /// Checks the folder of a run that would begin, and creates nothing.
  ///
  /// - Throws: as `newFolder()` does, unless the folder is not there.
  func checkNewFolder() throws {
    guard let path = folder, access(path, F_OK) == 0 else { return }
    guard access(path, W_OK | X_OK) == 0 else { throw cannotWrite(path) }
    let lock = try FileLock.ofFolder(path, for: "checkpoints")
    try withExtendedLifetime(lock) { try Self.check(CheckpointFolder(readingFrom: path)) }
  }

  private static func check(_ folder: CheckpointFolder) throws {
    let path = folder.path
    if let step = try folder.steps().first {
      throw InputError(
        .cannotWrite,
        "\(path): holds the checkpoints of a run up to step \(step): go on with it by --resume "
          + "\(path), or give another folder")
    }
    if let name = try folder.firstUsedName() {
      throw InputError(
        .cannotWrite,
        "\(path): holds \(name), which a run with checkpoints there would replace: give another "
          + "folder, or move the file away")
    }
  }

  private func open(_ path: String) throws -> CheckpointFolder {
    let folder = try CheckpointFolder(path: path, keeps: keeps)
    if let warning = folder.warning { Console.warn(warning) }
    return folder
  }

  /// The run to go on with; nil if none is asked for.
  ///
  /// - Parameter writes: whether this process goes on to keep it.
  func resumedRun(writes: Bool) throws -> ResumedRun? {
    guard let path = resume else { return nil }
    let folder = try writes ? open(path) : CheckpointFolder(readingFrom: path)
    let (file, source) = try folder.newest(warn: { Console.warn($0) })
    let settings = try TrainingSettings(file, source: source)
    let description = try NetworkDescription(file, source: source)
    return ResumedRun(
      folder: folder, file: file, source: source, settings: settings,
      choice: description?.choice ?? ModelChoice(.dense, [.hidden: settings.hidden]))
  }
}

/// A run as its newest checkpoint has it.
struct ResumedRun {
  let folder: CheckpointFolder
  let file: SafetensorsFile
  /// The path of the file.
  let source: String
  let settings: TrainingSettings
  let choice: ModelChoice
}
