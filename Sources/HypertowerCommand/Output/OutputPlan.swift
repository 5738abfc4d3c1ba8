import Glibc
import Hypertower

/// Where all outputs of a run go, settled before any of them is created or changed.
struct OutputPlan {
  private let log: File?
  private let save: File?
  private let saveBest: File?
  private let report: File?
  private let plot: Folder?
  private let tensorBoard: Folder?
  private let checkpoints: Folder?
  /// Where the settings go, and the output beside which that is; nil: nothing else is written.
  private let settings: File?
  private let isResumed: Bool
  /// What the user is told once the outputs are reserved.
  private var warnings: [String] = []

  /// Checks everything that can be known beforehand.
  ///
  /// - Parameters:
  ///   - log: what --log names.
  ///   - save: what --save names.
  ///   - plot: what --plot names.
  ///   - saveBest: what --save-best names; default: nothing. A resumed run goes on with it.
  ///   - report: what --report names; default: nothing.
  ///   - tensorBoard: what --tensorboard names; default: nothing.
  ///   - checkpoint: what --checkpoint names.
  ///   - resume: what --resume names; the log is then one to go on with.
  ///   - inputs: the files that the run reads, with the options that name them; default: none.
  /// - Throws: `Failure(.usage)` if two outputs are one, or one is an input; `InputError(.cannotWrite)` if
  ///   one cannot be written, is in use, or is there and was not written by this program.
  init(
    log: String?, save: String?, plot: String?, saveBest: String? = nil, report: String? = nil,
    tensorBoard: String? = nil, checkpoint: String?, resume: String?,
    inputs: [(option: String, path: String)] = []
  ) throws {
    self.log = try log.flatMap { try Self.log($0) }
    self.save = try save.map { try Self.save("--save", $0) }
    self.saveBest = try saveBest.map { try Self.save("--save-best", $0) }
    self.report = try report.map { try Self.save("--report", $0) }
    self.plot = try plot.map {
      try Self.folder("--plot", $0) { Plot.isFile($0, of: Self.plotName) }
    }
    self.tensorBoard = try tensorBoard.map {
      try Self.folder("--tensorboard", $0, writes: EventFolder.isName)
    }
    checkpoints =
      try checkpoint.map { try Self.folder("--checkpoint", $0, writes: CheckpointFolder.isName) }
      ?? resume.map { try Self.folder("--resume", $0, writes: CheckpointFolder.isName) }
    settings = try Self.settings(
      beside: [self.save, self.saveBest, self.log, self.report], in: [checkpoints],
      else: [self.plot, self.tensorBoard])
    isResumed = resume != nil
    try refuseEquals()
    try refuse(inputs: inputs)
    for file in files { try check(file) }
    if let settings {
      _ = try ExistingFile.check(
        settings.path, "the settings of an earlier run", option: settings.option,
        isOurs: ResolvedSettings.isOwn)
    }
    let earlierPlot = try plot.flatMap {
      try Plot.checkPlace(Self.plotName, in: $0, option: "--plot")
    }
    if let earlierPlot { warnings.append(earlierPlot) }
    // Whether event files are those of a resumed run shows once the checkpoint is read.
    let earlierEvents =
      try isResumed
      ? nil : tensorBoard.flatMap { try EventFolder.checkPlace($0, option: "--tensorboard") }
    if let earlierEvents { warnings.append(earlierEvents) }
  }

  private static let plotName = "training"

  private var files: [File] { [log, save, saveBest, report].compactMap { $0 } }
  private var folders: [Folder] { [plot, tensorBoard, checkpoints].compactMap { $0 } }

  // MARK: What is refused

  private func refuseEquals() throws {
    for (number, file) in files.enumerated() {
      for other in files[..<number] where other.place == file.place {
        throw Failure(
          .usage, "\(other.option) and \(file.option) name the same file: \(file.path)")
      }
      if let settings, settings.place == file.place {
        throw Failure(
          .usage,
          "\(file.option) \(file.path): the settings of the run go there: give \(file.option) another name"
        )
      }
      for folder in folders where file.place.contains(folder.place) {
        throw Failure(
          .usage,
          "\(file.option) \(file.path): \(folder.option) makes a folder of that name: give "
            + "\(file.option) another name")
      }
      for folder in folders where file.place.folder == folder.place && folder.writes(file.name) {
        throw Self.written(file, by: folder)
      }
    }
  }

  private func refuse(inputs: [(option: String, path: String)]) throws {
    for input in inputs {
      let place = try? OutputPlace(input.path)
      if let file = files.first(where: { $0.isRegular && $0.place == place }) {
        throw Failure(
          .usage,
          "\(file.option) \(file.path): \(input.option) reads this file: give \(file.option) another name"
        )
      }
      if let settings, settings.place == place {
        throw Failure(
          .usage,
          "\(settings.option): the settings of the run would replace \(input.path), which \(input.option) reads: "
            + "give \(settings.option) another name")
      }
    }
  }

  private static func written(_ file: File, by folder: Folder) -> Failure {
    Failure(
      .usage,
      "\(file.option) \(file.path): \(folder.option) \(folder.path) writes a file of that name: give "
        + "\(file.option) another name")
  }

  private mutating func check(_ file: File) throws {
    guard file.isRegular else { return }
    guard !TemporaryFile.isName(file.name) else {
      throw Failure(
        .usage,
        "\(file.option) \(file.path): is a name of temporary files, which are removed: give another "
          + "name")
    }
    try refuseFolderInUse(file)
    guard access(file.path, F_OK) == 0 else { return try checkFolder(of: file) }
    let isLog = file.option == "--log"
    let isReport = file.option == "--report"
    if isLog && isResumed {
      // Whether the log is that of the run shows once the checkpoint is read.
      return try ExistingFile.checkIsWritable(file.path, option: file.option)
    }
    let warning = try ExistingFile.check(
      file.path, "the \(isLog ? "log" : isReport ? "report" : "weights") of an earlier run",
      option: file.option
    ) { bytes in
      isLog
        ? LogFormat.beginsLog(bytes)
        : isReport
          ? bytes.starts(with: HTML.beginning.utf8) : SafetensorsFile.beginsWithWeights(bytes)
    }
    // The log says so itself when it is opened, and the best weights of a resumed run are its own.
    if let warning, !isLog, !(isResumed && file.option == "--save-best") {
      warnings.append(warning)
    }
  }

  /// A run keeps others out of the folders that it names, but only from those files that it writes.
  private func refuseFolderInUse(_ file: File) throws {
    guard
      CheckpointFolder.isName(file.name) || Plot.isFile(file.name, of: Self.plotName)
        || EventFolder.isName(file.name),
      file.place.folder != checkpoints?.place
    else { return }
    let target = (try? AtomicFile.resolvingLinks(file.path)) ?? file.path
    let folder = AtomicFile.folder(of: target)
    guard FileLock.isFolderHeld(folder.isEmpty ? "." : folder) else { return }
    throw InputError(
      .cannotWrite,
      "\(file.path): another run writes into this folder, perhaps a file of this name: give "
        + "\(file.option) another name")
  }

  /// Checks that a new file can be made.
  private func checkFolder(of file: File) throws {
    if let folder = file.place.folder, folders.contains(where: { $0.place.contains(folder) }) {
      return
    }
    do {
      let folder = AtomicFile.folder(of: try AtomicFile.resolvingLinks(file.path))
      guard access(folder.isEmpty ? "." : folder, W_OK | X_OK) == 0 else { throw SystemError.last }
    } catch let error as SystemError {
      throw InputError(.cannotWrite, "\(file.path): cannot be written: \(error.reason)")
    }
  }

  // MARK: What is written

  /// Writes the settings of the run where its results are; nowhere if it has none.
  ///
  /// - Throws: `InputError(.cannotWrite)`.
  func write(settings text: String) throws {
    guard let settings else { return }
    try AtomicFile.write(Array(text.utf8), to: settings.path)
  }

  // MARK: What is reserved

  /// Outputs that no other run can write as long as this lives.
  struct Reserved {
    let weights: ReservedFile?
    let bestWeights: ReservedFile?
    let report: ReservedFile?
    let folders: [OutputFolder]
  }

  /// Creates the folders, and keeps other runs away. The folder of checkpoints must be there.
  ///
  /// - Throws: `InputError(.cannotWrite)`, also if another run is there.
  func reserve() throws -> Reserved {
    // The folder of the checkpoints is kept from other runs as it is.
    var places = Set([checkpoints?.place])
    let folders = try [(plot, "plots"), (tensorBoard, "event files")].compactMap {
      folder, contents in
      try folder.flatMap {
        places.insert($0.place).inserted ? try OutputFolder($0.path, for: contents) : nil
      }
    }
    let weights = try save.map { try ReservedFile($0.path) }
    let best = try saveBest.map { try ReservedFile($0.path) }
    let report = try report.map { try ReservedFile($0.path) }
    for warning in [weights, best, report].compactMap({ $0?.warning }) { Console.warn(warning) }
    for warning in warnings { Console.warn(warning) }
    return Reserved(weights: weights, bestWeights: best, report: report, folders: folders)
  }
}
