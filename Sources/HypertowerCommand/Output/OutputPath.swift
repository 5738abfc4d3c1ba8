import Glibc
import Hypertower

/// Whether files can be written, found out before an hour of training is spent.
enum OutputPath {
  /// Checks that a file at `path` can be written or replaced, and leaves everything as it is.
  ///
  /// - Throws: `InputError(.cannotWrite)`.
  static func check(_ path: String) throws {
    func fault(_ code: Int32) -> InputError {
      InputError(.cannotWrite, "\(path): cannot be written: \(String(cString: strerror(code)))")
    }
    guard !path.isEmpty else { throw InputError(.cannotWrite, "the output path is empty") }
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT != S_IFDIR else { throw fault(EISDIR) }
      guard access(path, W_OK) == 0 else { throw fault(errno) }
      guard status.st_mode & S_IFMT == S_IFREG else { return }
    } else if errno != ENOENT || path.hasSuffix("/") {
      throw fault(path.hasSuffix("/") ? EISDIR : errno)
    }
    // Files are written aside and renamed, which takes a new file in the same folder; only the
    // attempt tells whether the folder allows it.
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    if let code = probe(folder) { throw fault(code) }
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

  /// Creates a folder and those above it, where they are not there yet, and checks that files can be
  /// written into it.
  ///
  /// - Throws: `InputError(.cannotWrite)`.
  static func createFolder(_ path: String) throws {
    guard !path.isEmpty else {
      throw InputError(.cannotWrite, "the name of the output folder is empty")
    }
    var missing: [String] = []
    var rest = path
    // From the folder upwards to the first that is there, and down again.
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
