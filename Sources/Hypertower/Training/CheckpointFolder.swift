import Glibc

/// A folder with the latest checkpoints of one run, each a file that is whole or not there.
package final class CheckpointFolder {
  package let path: String
  private let keeps: Int
  private let lock: FileLock?

  private static let prefix = "step-"
  private static let suffix = ".safetensors"
  /// The file of the weights that did best so far.
  package static let bestName = "best.safetensors"

  /// Opens the folder for one run; another process that tries is refused.
  ///
  /// - Parameters:
  ///   - path: an existing folder.
  ///   - keeps: how many of the latest checkpoints stay.
  /// - Throws: `InputError`.
  package init(path: String, keeps: Int) throws {
    require(keeps > 0, "CheckpointFolder: keeps \(keeps) checkpoints")
    self.path = path
    self.keeps = keeps
    lock = try FileLock.ofFolder(path, for: "checkpoints")
    TemporaryFile.removeLeftovers(in: path + "/")
  }

  /// Opens the folder to read what another process keeps there.
  ///
  /// - Parameter path: an existing folder.
  package init(readingFrom path: String) {
    (self.path, keeps, lock) = (path, 1, nil)
  }

  /// A warning for the user if nothing keeps other processes away; nil otherwise.
  package var warning: String? { lock?.warning(for: path) }

  /// A file that is there under a name that checkpoints have, or the best weights; nil if there is
  /// none.
  package func firstUsedName() throws -> String? {
    try names().sorted().first(where: Self.isName)
  }

  /// Whether a run with checkpoints may write a file of that name.
  package static func isName(_ name: String) -> Bool {
    name == bestName || (name.hasPrefix(prefix) && name.hasSuffix(suffix))
  }

  /// The step of the checkpoint at `path`; nil if its name is none of a checkpoint.
  package static func step(of path: String) -> Int? {
    let name = path.split(separator: "/").last ?? ""
    guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
    return Int(name.dropFirst(prefix.count).dropLast(suffix.count))
  }

  /// The steps of the checkpoints that are there, the newest first.
  package func steps() throws -> [Int] {
    try names().compactMap { name in
      Self.step(of: name)
    }.sorted(by: >)
  }

  package func file(ofStep step: Int) -> String {
    let digits = "\(step)"
    return "\(path)/\(Self.prefix)"
      + String(repeating: "0", count: Swift.max(0, 10 - digits.count)) + digits + Self.suffix
  }

  /// Writes the checkpoint after `step` steps, and removes those that are no longer among the latest.
  ///
  /// - Precondition: the folder was opened for a run.
  package func write(_ checkpoint: SafetensorsFile, step: Int) throws {
    require(lock != nil, "CheckpointFolder: \(path) was opened to be read")
    try AtomicFile.write(SealedSafetensors.bytes(of: checkpoint), to: file(ofStep: step))
    for old in try steps().dropFirst(keeps) { unlink(file(ofStep: old)) }
  }

  /// The newest checkpoint that is whole.
  ///
  /// - Parameter warn: is told of each newer one that is damaged.
  /// - Throws: `InputError` if there is none.
  package func newest(warn: (String) -> Void) throws -> (file: SafetensorsFile, path: String) {
    let steps = try steps()
    guard !steps.isEmpty else {
      throw InputError(.missingInput, "\(path): there are no checkpoints in this folder")
    }
    for step in steps {
      let file = file(ofStep: step)
      do {
        return (try SealedSafetensors.file(in: FileReader.bytes(of: file), name: file), file)
      } catch let error as InputError {
        warn("\(error.message); trying the one before it")
      }
    }
    throw InputError(.badData, "\(path): all checkpoints in this folder are damaged")
  }

  private func names() throws -> [String] { try FolderReader.names(in: path) }
}
