import Glibc
import Hypertower

/// Where all outputs of a run go, settled before any of them is created or changed.
struct OutputPlan {
  private let log: File?
  private let save: File?
  private let plot: Folder?
  private let checkpoints: Folder?
  private let isResumed: Bool
  /// What the user is told once the outputs are reserved.
  private var warnings: [String] = []

  private struct File {
    let option: String
    let path: String
    let place: OutputPlace
    /// Whether it is a regular file, or will be one.
    let isRegular: Bool
    var name: String { place.names.last ?? "" }
  }

  private struct Folder {
    let option: String
    let path: String
    let place: OutputPlace
  }

  /// Checks everything that can be known beforehand.
  ///
  /// - Parameters:
  ///   - log: what --log names.
  ///   - save: what --save names.
  ///   - plot: what --plot names.
  ///   - checkpoint: what --checkpoint names.
  ///   - resume: what --resume names; the log is then one to go on with.
  /// - Throws: `Failure(.usage)` if two outputs are one; `InputError(.cannotWrite)` if one cannot be
  ///   written, is in use, or is there and was not written by this program.
  init(log: String?, save: String?, plot: String?, checkpoint: String?, resume: String?) throws {
    self.log = try log.flatMap { try Self.log($0) }
    self.save = try save.map { try Self.save($0) }
    self.plot = try plot.map { try Self.folder("--plot", $0) }
    checkpoints =
      try checkpoint.map { try Self.folder("--checkpoint", $0) }
      ?? resume.map { try Self.folder("--resume", $0) }
    isResumed = resume != nil
    try refuseEquals()
    for file in files { try check(file) }
    let earlierPlot = try plot.flatMap {
      try Plot.checkPlace(Self.plotName, in: $0, option: "--plot")
    }
    if let earlierPlot { warnings.append(earlierPlot) }
  }

  private static let plotName = "training"

  private var files: [File] { [log, save].compactMap { $0 } }
  private var folders: [Folder] { [plot, checkpoints].compactMap { $0 } }

  // MARK: What is named

  private static func log(_ path: String) throws -> File? {
    // The log goes where standard output goes, beside the report.
    if path == "-" || OpenFile.standardDescriptor(at: path) != nil { return nil }
    return try file("--log", path)
  }

  private static func save(_ path: String) throws -> File {
    if path == "-" {
      throw Failure(
        .usage, "--save - is not possible: standard output has the results; name a file")
    }
    if let descriptor = OpenFile.standardDescriptor(at: path) {
      let stream = descriptor == STDOUT_FILENO ? "standard output" : "standard error"
      throw Failure(
        .usage,
        "--save \(path) is not possible: \(stream) goes there, and has the results or messages; name "
          + "another file")
    }
    return try file("--save", path)
  }

  private static func file(_ option: String, _ path: String) throws -> File {
    do {
      guard !path.isEmpty else { throw SystemError(code: ENOENT) }
      return File(
        option: option, path: path, place: try OutputPlace(path),
        isRegular: try AtomicFile.isRegular(path))
    } catch let error as SystemError {
      throw InputError(.cannotWrite, "\(path): cannot be written: \(error.reason)")
    }
  }

  private static func folder(_ option: String, _ path: String) throws -> Folder {
    try OutputFolder.checkName(path)
    return Folder(option: option, path: path, place: try OutputPlace(path))
  }

  // MARK: What is refused

  private func refuseEquals() throws {
    if let log, let save, log.place == save.place {
      throw Failure(.usage, "--log and --save name the same file: \(save.path)")
    }
    for file in files {
      for folder in folders where file.place.contains(folder.place) {
        throw Failure(
          .usage,
          "\(file.option) \(file.path): \(folder.option) makes a folder of that name: give "
            + "\(file.option) another name")
      }
      if let plot, file.place.folder == plot.place, Plot.isFile(file.name, of: Self.plotName) {
        throw Self.written(file, by: plot)
      }
      if let checkpoints, file.place.folder == checkpoints.place,
        CheckpointFolder.isName(file.name)
      {
        throw Self.written(file, by: checkpoints)
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
    if isLog && isResumed {
      // Whether the log is that of the run shows once the checkpoint is read.
      return try ExistingFile.checkIsWritable(file.path, option: file.option)
    }
    let warning = try ExistingFile.check(
      file.path, isLog ? "the log of an earlier run" : "the weights of an earlier run",
      option: file.option,
      isOurs: { isLog ? StepLine.beginsLog($0) : SafetensorsFile.beginsWithWeights($0) })
    // The log says so itself when it is opened.
    if let warning, !isLog { warnings.append(warning) }
  }

  /// A run keeps others out of the folders that it names, but only from those files that it writes.
  private func refuseFolderInUse(_ file: File) throws {
    guard CheckpointFolder.isName(file.name) || Plot.isFile(file.name, of: Self.plotName),
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

  // MARK: What is reserved

  /// Outputs that no other run can write as long as this lives.
  struct Reserved {
    let weights: ReservedFile?
    let plots: OutputFolder?
  }

  /// Creates the folder of plots, and keeps other runs away. The folder of checkpoints must be there.
  ///
  /// - Throws: `InputError(.cannotWrite)`, also if another run is there.
  func reserve() throws -> Reserved {
    // The folder of the checkpoints is kept from other runs as it is.
    let isOwnFolder = plot != nil && plot?.place == checkpoints?.place
    let plots = try isOwnFolder ? nil : plot.map { try OutputFolder($0.path, for: "plots") }
    let weights = try save.map { try ReservedFile($0.path) }
    if let warning = weights?.warning { Console.warn(warning) }
    for warning in warnings { Console.warn(warning) }
    return Reserved(weights: weights, plots: plots)
  }
}
