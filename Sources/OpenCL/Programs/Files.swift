import Glibc

/// A system call on a file that failed, with the C library's word for why.
struct FileError: Error, CustomStringConvertible {
  let call: String
  let path: String
  let number: Int32

  init(_ call: String, _ path: String, number: Int32 = errno) {
    self.call = call
    self.path = path
    self.number = number
  }

  var description: String { "\(call) \(path): \(String(cString: strerror(number)))" }
}

/// The bytes of the file at `path`.
func readFile(_ path: String) throws -> [UInt8] {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { throw FileError("open", path) }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0 else { throw FileError("fstat", path) }
  var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
  var count = 0
  while count < bytes.count {
    let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + count, $0.count - count) }
    if got < 0, errno == EINTR { continue }
    guard got >= 0 else { throw FileError("read", path) }
    if got == 0 { break }
    count += got
  }
  return Array(bytes.prefix(count))
}

/// Puts `bytes` at `path` in one step, so that nobody ever reads a part of them.
func writeFile(_ bytes: [UInt8], to path: String, creating directory: String) throws {
  try createDirectory(directory)
  var template = (path + ".XXXXXX").utf8CString.map { $0 }
  let file = mkstemp(&template)
  guard file >= 0 else { throw FileError("mkstemp", path) }
  do {
    try write(bytes, to: file, path)
    guard rename(template, path) == 0 else { throw FileError("rename", path) }
  } catch {
    unlink(template)
    throw error
  }
}

/// Writes all of `bytes` and closes the file, whatever happens.
private func write(_ bytes: [UInt8], to file: Int32, _ path: String) throws {
  var count = 0
  while count < bytes.count {
    let written = bytes.withUnsafeBytes {
      Glibc.write(file, $0.baseAddress! + count, $0.count - count)
    }
    if written < 0, errno == EINTR { continue }
    guard written > 0 else {
      let error = FileError("write", path)
      close(file)
      throw error
    }
    count += written
  }
  // Some file systems report a full disk only here.
  guard close(file) == 0 else { throw FileError("close", path) }
}

/// Creates the folder at `path` and those above it that are not there.
package func createDirectory(_ path: String) throws {
  var status = stat()
  if stat(path, &status) == 0 { return }
  if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
    try createDirectory(String(path[..<slash]))
  }
  guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError("mkdir", path) }
}
