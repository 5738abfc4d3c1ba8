import Glibc

/// Lists folders, with errors that name the folder and the reason.
package enum FolderReader {
  /// The names of all entries of the folder at `path`, without `.` and `..`, in the order of the
  /// file system.
  ///
  /// - Throws: `InputError` of kind `.missingInput` when the folder cannot be opened or read to its
  ///   end.
  package static func names(in path: String) throws -> [String] {
    guard let folder = opendir(path) else { throw failure(path, errno) }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
      // A nil result means the end unless the call has set errno.
      errno = 0
      guard let entry = readdir(folder) else {
        guard errno == 0 else { throw failure(path, errno) }
        return names
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
  }

  private static func failure(_ path: String, _ code: Int32) -> InputError {
    InputError(.missingInput, "\(path): the folder cannot be read: \(SystemError.reason(code))")
  }
}
