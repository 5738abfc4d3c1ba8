import Glibc
import Hypertower

/// What options name.
extension OutputPlan {
  struct File {
    let option: String
    let path: String
    let place: OutputPlace
    /// Whether it is a regular file, or will be one.
    let isRegular: Bool
    var name: String { place.names.last ?? "" }
  }

  struct Folder {
    let option: String
    let path: String
    let place: OutputPlace
    /// Whether the run may write a file of that name there.
    let writes: (String) -> Bool
  }

  /// - Returns: nil if the log goes where standard output goes, beside the report.
  static func log(_ path: String) throws -> File? {
    if path == "-" || OpenFile.standardDescriptor(at: path) != nil { return nil }
    return try file("--log", path)
  }

  static func save(_ option: String, _ path: String) throws -> File {
    try refuseStandardStreams(option, path)
    return try file(option, path)
  }

  /// - Throws: `Failure(.usage)` for what goes where results or messages go.
  static func refuseStandardStreams(_ option: String, _ path: String) throws {
    if path == "-" {
      throw Failure(
        .usage, "\(option) - is not possible: standard output has the results; name a file")
    }
    if let descriptor = OpenFile.standardDescriptor(at: path) {
      let stream = descriptor == STDOUT_FILENO ? "standard output" : "standard error"
      throw Failure(
        .usage,
        "\(option) \(path) is not possible: \(stream) goes there, and has the results or messages; name "
          + "another file")
    }
  }

  static func file(_ option: String, _ path: String) throws -> File {
    do {
      guard !path.isEmpty else { throw SystemError(code: ENOENT) }
      return File(
        option: option, path: path, place: try OutputPlace(path),
        isRegular: try AtomicFile.isRegular(path))
    } catch let error as SystemError {
      throw InputError(.cannotWrite, "\(path): cannot be written: \(error.reason)")
    }
  }

  static func folder(
    _ option: String, _ path: String, writes: @escaping (String) -> Bool
  ) throws -> Folder {
    try OutputFolder.checkName(path)
    return Folder(option: option, path: path, place: try OutputPlace(path), writes: writes)
  }

  /// The settings go into the first of some folders, else beside a file, else into another folder.
  static func settings(
    beside files: [File?], in folders: [Folder?], else others: [Folder?]
  ) throws -> File? {
    func place(in folders: [Folder?]) -> (option: String, path: String)? {
      folders.compactMap { $0 }.first.map {
        ($0.option, "\($0.path)/\(ResolvedSettings.nameInFolder)")
      }
    }
    let file = files.compactMap { $0 }.first { $0.isRegular }
    let place =
      place(in: folders) ?? file.map { ($0.option, ResolvedSettings.path(beside: $0.path)) }
      ?? place(in: others)
    return try place.map { try Self.file($0.option, $0.path) }
  }
}
