import Glibc
import Hypertower

/// The runs whose files are in a folder or in folders below it.
struct RunCatalogue {
  /// In the order of their first paths.
  private(set) var runs: [RunSummary] = []
  /// What could not be read, a line each.
  private(set) var faults: [String] = []
  /// The runs by their names, or, of an earlier version, by their files.
  private var byName: [String: RunSummary] = [:]

  /// - Throws: `InputError(.missingInput)` for a folder that cannot be read.
  init(of folder: String) throws {
    look(into: folder, names: try FolderReader.names(in: folder))
    runs = byName.values.sorted { $0.paths[0] < $1.paths[0] }
  }

  private mutating func look(into folder: String, names: [String]) {
    if names.contains(where: { CheckpointFolder.step(of: $0) != nil }) {
      attempt { try $0.addNewest(in: folder) }
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
      var status = stat()
      guard lstat(path, &status) == 0 else { continue }
      switch status.st_mode & S_IFMT {
      case S_IFDIR:
        attempt { try $0.look(into: path, names: FolderReader.names(in: path)) }
      case S_IFREG: attempt { try $0.add(path) }
      default: break
      }
    }
  }

  /// Does something with a file or a folder; what cannot be read is noted, and the others go on.
  private mutating func attempt(_ body: (inout RunCatalogue) throws -> Void) {
    do {
      try body(&self)
    } catch {
      faults.append(Failure(error)?.message ?? "\(error)")
    }
  }

  private mutating func add(_ path: String) throws {
    let beginning = try FileReader.bytes(of: path, atMost: 64)
    if ResolvedSettings.isOwn(beginning) {
      let contents = try ResolvedSettings.Contents(path)
      byName[contents.run, default: RunSummary()].add(contents, path)
    } else if LogFormat.mayBeginLog(beginning),
      LogFormat.beginsLog(try FileReader.bytes(of: path, atMost: ExistingFile.beginning))
    {
      let log = try LogSummary(FileReader.bytes(of: path), path: path)
      byName[log.run ?? path, default: RunSummary()].add(log, path)
    }
  }

  /// The newest checkpoint tells all that the others do.
  private mutating func addNewest(in folder: String) throws {
    let (file, path) = try CheckpointFolder(readingFrom: folder).newest { faults.append($0) }
    let name = RunName.name(in: file) ?? folder
    try byName[name, default: RunSummary()].add(file, source: path, folder: folder)
  }
}
