import Glibc
import Hypertower

/// What is already there where a run is to write.
///
/// What an earlier run has left is replaced, with a warning; anything else is somebody's and stays.
enum ExistingFile {
  /// How much of a file is looked at: more than the first line of a log or the header of a file of
  /// weights ever has.
  static let beginning = 1 << 22

  /// Lets only an empty file or one that `isOurs` recognizes be replaced, if it can be written.
  ///
  /// - Parameters:
  ///   - path: the file, which need not exist.
  ///   - description: what is replaced, such as "the weights of an earlier run".
  ///   - option: the option that names the file or its folder.
  ///   - isOurs: whether a file that begins with these bytes was written by this program.
  /// - Returns: the warning that `isOurs` has recognized it; nil if there is nothing to lose.
  /// - Throws: `InputError(.cannotWrite)`, also for what is no regular file.
  static func check(
    _ path: String, _ description: String, option: String, isOurs: ([UInt8]) -> Bool
  ) throws -> String? {
    try checkIsWritable(path, option: option)
    var status = stat()
    guard stat(path, &status) == 0, status.st_size > 0 else { return nil }
    guard let bytes = try? FileReader.bytes(of: path, atMost: beginning), isOurs(bytes) else {
      throw foreign(path, option: option)
    }
    return replacing(path, description)
  }

  /// Checks that a regular file that can be written is there, or nothing.
  ///
  /// - Parameter followsLinks: whether a link may lead to it.
  /// - Throws: `InputError(.cannotWrite)`.
  static func checkIsWritable(
    _ path: String, option: String, followsLinks: Bool = true
  ) throws {
    var status = stat()
    guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw InputError(
        .cannotWrite,
        "\(path): is \(kind(status.st_mode)), not a file, and stays: give \(option) another name, or "
          + "move it away")
    }
    guard access(path, W_OK) == 0 else { throw cannotWrite(path) }
  }

  private static func kind(_ mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a folder"
    case S_IFIFO: "a named pipe"
    case S_IFLNK: "a link"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }

  /// The warning before a file is replaced.
  static func replacing(_ path: String, _ description: String) -> String {
    "\(path): replacing \(description)"
  }

  /// The error for a file that this program did not write.
  ///
  /// - Parameter what: what the option is to have another of; default: a name.
  static func foreign(_ path: String, option: String, _ what: String = "name") -> InputError {
    InputError(
      .cannotWrite,
      "\(path): was not written by `hypertower` and stays: give \(option) another \(what), or move the "
        + "file away")
  }
}
