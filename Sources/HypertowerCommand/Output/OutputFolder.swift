import Glibc
import Hypertower

/// A folder that results are written into by one run at a time.
final class OutputFolder {
  let path: String
  private let lock: FileLock

  /// Creates the folder where it does not exist, and keeps other runs out of it.
  ///
  /// - Parameters:
  ///   - path: the folder.
  ///   - contents: what is written there, for messages.
  /// - Throws: `InputError(.cannotWrite)`.
  init(_ path: String, for contents: String) throws {
    try Self.create(path)
    self.path = path
    lock = try FileLock.ofFolder(path, for: contents)
    if let warning = lock.warning(for: path) { Console.warn(warning) }
    TemporaryFile.removeLeftovers(in: path + "/")
  }

  /// Checks that a path can name a folder.
  ///
  /// - Throws: `InputError(.cannotWrite)`; `Failure(.usage)`.
  static func checkName(_ path: String) throws {
    guard !path.isEmpty else {
      throw InputError(.cannotWrite, "the name of the output folder is empty")
    }
    guard path != "-" else {
      throw Failure(.usage, "'-' names no folder; one of that name is ./-")
    }
  }

  /// Creates a folder and those above it where they do not exist, and checks that files can be written
  /// into it.
  ///
  /// - Throws: `InputError(.cannotWrite)`.
  static func create(_ path: String) throws {
    try checkName(path)
    var missing: [String] = []
    var rest = path
    // From the folder up to the first that exists, and down again.
    while !rest.isEmpty, access(rest, F_OK) != 0 {
      missing.append(rest)
      while rest.last == "/" { rest.removeLast() }
      rest = rest.lastIndex(of: "/").map { String(rest[...$0]) } ?? ""
    }
    for folder in missing.reversed() where mkdir(folder, 0o777) != 0 && errno != EEXIST {
      throw InputError(
        .cannotWrite, "\(path): the folder cannot be created: \(String(cString: strerror(errno)))")
    }
    if let obstacle = TemporaryFile.obstacle(in: path + "/") {
      throw InputError(
        .cannotWrite,
        "\(path): files cannot be written into this folder: \(obstacle.reason)")
    }
  }
}
