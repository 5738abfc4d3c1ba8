import FoundationEssentials
import Glibc

/// What `command` prints, run by the shell, which must succeed.
func outputOfShell(_ command: String) throws -> String {
  guard let pipe = popen(command, "r") else { throw ShellFailure(status: errno) }
  var output: [UInt8] = []
  while case let byte = fgetc(pipe), byte != EOF { output.append(UInt8(byte)) }
  let status = pclose(pipe)
  guard status == 0 else { throw ShellFailure(status: status) }
  return String(decoding: output, as: UTF8.self)
}

struct ShellFailure: Error {
  var status: Int32
}

/// Runs `body` with the path of a new folder, which goes away afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "\(UUID())").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
