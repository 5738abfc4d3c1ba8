import FoundationEssentials
import Glibc

/// A new folder that goes with the object.
final class TemporaryDirectory {
  let path: String

  init() {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = "\(parent)/hypertower-tests-XXXXXX".utf8CString.map { $0 }
    guard mkdtemp(&template) != nil else { fatalError("mkdtemp in \(parent): errno \(errno)") }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The paths of the files within, sorted by name.
  func files() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { "\(path)/\($0)" }
  }
}

func contents(of path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(filePath: path)))
}

func write(_ bytes: [UInt8], to path: String) throws {
  try Data(bytes).write(to: URL(filePath: path))
}
