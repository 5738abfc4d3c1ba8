import Glibc

/// The contents of folders.
package enum FolderListing {
  /// The names of all files and folders in the folder at `path`, in no particular order.
  ///
  /// - Throws: `InputError(.missingInput)` if the folder cannot be read to its end.
  package static func names(in path: String) throws -> [String] {
    guard let folder = opendir(path) else { throw failure(path) }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
      errno = 0
      guard let entry = readdir(folder) else {
        // At the end the error number stays 0.
        if errno != 0 { throw failure(path) }
        return names
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
  }

  private static func failure(_ path: String) -> InputError {
    InputError(
      .missingInput, "\(path): the folder cannot be read: \(SystemError.last.reason)")
  }
}
