import Glibc

/// Tries whether a folder can hold code that is compiled at run time.
enum FolderProbe {
  /// The free space that a run may need, in bytes.
  static let neededSpace = 4 << 20

  /// What keeps this process from writing code into the folder at `path` and running it, in words;
  /// nil if nothing does. Creates the folder if it is missing and leaves nothing else behind.
  static func obstacle(to path: String) -> String? {
    do {
      try createDirectory(path)
    } catch {
      return "\(error)"
    }
    guard let folder = status(of: path) else { return "\(FileError("stat", path))" }
    guard folder.st_mode & S_IFMT == S_IFDIR else { return "it is not a folder" }
    return obstacleToFiles(in: path) ?? obstacleToFolders(in: path, levels: 2)
  }

  /// The owner of the folder at `path` if that is not the user of this process, in words.
  static func otherOwner(of path: String) -> String? {
    guard let owner = status(of: path)?.st_uid, owner != geteuid() else { return nil }
    return name(ofUser: owner)
  }

  /// Creates a file without a name, gives it space and maps it as code.
  private static func obstacleToFiles(in path: String) -> String? {
    var template = (path + "/hypertower-XXXXXX").utf8CString.map { $0 }
    let file = mkstemp(&template)
    guard file >= 0 else { return cannotWrite(path, errno) }
    defer { close(file) }
    // Even if the process is killed now, the file is gone.
    unlink(template)
    if [ENOSPC, EDQUOT].contains(posix_fallocate(file, 0, off_t(neededSpace))) {
      return "less than \(neededSpace >> 20) MiB of space is left in it"
    }
    guard let code = mmap(nil, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0), code != MAP_FAILED
    else {
      return errno == EPERM
        ? "its file system is mounted with 'noexec'"
        : "code in it cannot run: \(String(cString: strerror(errno)))"
    }
    munmap(code, 1)
    return nil
  }

  /// Looks for folders in the one at `path`, down to so many levels, that cannot be written: a
  /// program that ran as another user leaves them.
  private static func obstacleToFolders(in path: String, levels: Int) -> String? {
    guard levels > 0 else { return nil }
    guard let folder = opendir(path) else { return "\(FileError("opendir", path))" }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      guard entry.pointee.d_type == DT_DIR else { continue }
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      let path = path + "/" + name
      guard access(path, R_OK | W_OK | X_OK) == 0 else { return cannotWrite(path, errno) }
      if let obstacle = obstacleToFolders(in: path, levels: levels - 1) { return obstacle }
    }
    return nil
  }

  private static func cannotWrite(_ path: String, _ number: Int32) -> String {
    let owner = otherOwner(of: path).map { "; it belongs to \($0)" } ?? ""
    return "\(path) cannot be written (\(String(cString: strerror(number))))\(owner)"
  }

  private static func status(of path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  private static func name(ofUser id: uid_t) -> String {
    getpwuid(id).map { "user \(String(cString: $0.pointee.pw_name))" } ?? "user \(id)"
  }
}
