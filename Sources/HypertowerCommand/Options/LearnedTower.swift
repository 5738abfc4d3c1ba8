import Hypertower

/// The tower that a run has come to, as its log or a checkpoint tells it.
enum LearnedTower {
  /// - Parameter path: a log, a checkpoint, or a folder with checkpoints, of which the newest counts.
  /// - Throws: `InputError`, also for a log of a run that has not come to its end.
  static func tower(from path: String) throws -> Tower {
    let (notation, source) = try notation(from: path)
    do {
      return try TowerOptions.tower(notation)
    } catch let error as InputError {
      throw InputError(.badData, "\(source): names no tower of this version: \(error.message)")
    }
  }

  private static func notation(from path: String) throws -> (notation: String, source: String) {
    if (try? FolderReader.names(in: path)) != nil {
      let (file, source) = try CheckpointFolder(readingFrom: path).newest(warn: Console.warn)
      return (try notation(of: file, source), source)
    }
    let bytes = try FileReader.bytes(of: path)
    if LogFormat.beginsLog(bytes) { return (try notation(ofLog: bytes, path), path) }
    // What names no tower is another file, not a damaged checkpoint.
    _ = try notation(of: try? SafetensorsFile(bytes: bytes, name: path), path)
    return (try notation(of: SealedSafetensors.file(in: bytes, name: path), path), path)
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

  private static func notation(of file: SafetensorsFile?, _ path: String) throws -> String {
    guard let notation = file?.metadata["tower"] else {
      throw InputError(
        .badData,
        "\(path): is neither a log nor a checkpoint of hypertower train: files of weights do not tell what a run "
          + "has learned")
    }
    return notation
  }
}
