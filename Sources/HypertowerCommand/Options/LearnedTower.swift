import Hypertower

/// The tower that a run has come to, as its log or a checkpoint tells it.
enum LearnedTower {
  /// - Parameter path: a log, a checkpoint, or a folder with checkpoints, of which the newest counts.
  /// - Throws: `InputError`, also for a log of a run that has not come to its end.
  static func tower(from path: String) throws -> Tower {
    let file = try newestCheckpoint(in: path) ?? path
    let bytes = try FileReader.bytes(of: file)
    let notation =
      LogFormat.beginsLog(bytes)
      ? try notation(ofLog: bytes, file) : try notation(ofCheckpoint: bytes, file)
    do {
      return try TowerOptions.tower(notation)
    } catch let error as InputError {
      throw InputError(.badData, "\(file): names no tower of this version: \(error.message)")
    }
  }

  /// - Returns: nil if `path` is no folder.
  private static func newestCheckpoint(in path: String) throws -> String? {
    guard let names = try? FolderReader.names(in: path) else { return nil }
    let checkpoints = names.filter {
      CheckpointFolder.isName($0) && $0 != CheckpointFolder.bestName
    }
    guard let newest = checkpoints.max() else {
      throw InputError(.missingInput, "\(path): there are no checkpoints in this folder")
    }
    return "\(path)/\(newest)"
  }

  private static func notation(ofLog bytes: [UInt8], _ path: String) throws -> String {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    let notation =
      StepLine.beginsLog(bytes)
      ? (try? JSONValue(parsing: lines[lines.count - 1], name: path))?["tower"]?.string
      : CSVLog.cell("tower", ofRow: lines[lines.count - 1], header: lines[0])
    guard let notation, !notation.isEmpty else {
      throw InputError(
        .badData,
        "\(path): does not tell what its run has learned, since that has not come to its end: give a checkpoint "
          + "of it")
    }
    return notation
  }

  private static func notation(ofCheckpoint bytes: [UInt8], _ path: String) throws -> String {
    let file = try? SafetensorsFile(bytes: bytes, name: path)
    guard let notation = file?.metadata["tower"] else {
      throw InputError(
        .badData,
        "\(path): is neither a log nor a checkpoint of hypertower train: files of weights do not tell what a run "
          + "has learned")
    }
    return notation
  }
}
