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

  /// Whether two paths lead to one folder.
  static func isSame(_ path: String, _ other: String) -> Bool {
    var (first, second) = (stat(), stat())
    return stat(path, &first) == 0 && stat(other, &second) == 0
      && first.st_dev == second.st_dev && first.st_ino == second.st_ino
  }

  /// Tries to make a file in a folder, whose name ends in a slash or is empty for the current one.
  ///
  /// - Returns: the system's error number, if it cannot be made.
  private static func probe(_ folder: String) -> Int32? {
    let unique = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    let path = "\(folder).hypertower-\(unique).tmp"
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return errno }
    close(descriptor)
    unlink(path)
    return nil
  }

  /// Creates a folder and those above it where they do not exist, and checks that files can be written
  /// into it.
  ///
  /// - Throws: `InputError(.cannotWrite)`.
  static func create(_ path: String) throws {
    guard !path.isEmpty else {
      throw InputError(.cannotWrite, "the name of the output folder is empty")
    }
    guard path != "-" else {
      throw Failure(.usage, "'-' names no folder; one of that name is ./-")
    }
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
    if let code = probe(path + "/") {
      throw InputError(
        .cannotWrite,
        "\(path): files cannot be written into this folder: \(String(cString: strerror(code)))")
    }
  }
}
