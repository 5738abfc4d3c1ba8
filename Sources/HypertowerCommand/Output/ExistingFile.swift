import Glibc
import Hypertower

/// What is already there where a run is to write.
///
/// What an earlier run has left is replaced, with a warning; anything else is somebody's and stays.
enum ExistingFile {
  /// How much of a file is looked at: more than the first line of a log or the header of a file of
  /// weights ever has.
  private static let beginning = 1 << 22

  /// Lets only an empty file or one that `isOurs` recognizes be replaced; warns of the latter.
  ///
  /// - Parameters:
  ///   - path: the file, which need not exist.
  ///   - description: what is replaced, such as "the weights of an earlier run".
  ///   - option: the option that names the file or its folder.
  ///   - isOurs: whether a file that begins with these bytes was written by this program.
  /// - Throws: `InputError(.cannotWrite)`.
  static func check(
    _ path: String, _ description: String, option: String, isOurs: ([UInt8]) -> Bool
  ) throws {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
      return
    }
    guard let bytes = try? FileReader.bytes(of: path, atMost: beginning), isOurs(bytes) else {
      throw foreign(path, option: option)
    }
    warnOfReplacing(path, description)
  }

  static func warnOfReplacing(_ path: String, _ description: String) {
    Console.warn("\(path): replacing \(description)")
  }

  /// The error for a file that this program did not write.
  static func foreign(_ path: String, option: String) -> InputError {
    InputError(
      .cannotWrite,
      "\(path): was not written by `hypertower` and stays: give \(option) another name, or move the "
        + "file away")
  }
}
