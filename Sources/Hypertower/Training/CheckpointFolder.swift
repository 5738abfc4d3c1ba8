import Glibc

/// A folder with the latest checkpoints of one run, each a file that is whole or not there.
package final class CheckpointFolder {
  package let path: String
  private let keeps: Int
  private let lock: FileLock

  private static let prefix = "step-"
  private static let suffix = ".safetensors"

  /// Opens the folder for one run: another process that tries is told so.
  ///
  /// - Parameters:
  ///   - path: the folder, which must be there.
  ///   - keeps: how many of the latest checkpoints stay.
  /// - Throws: `InputError`.
  package init(path: String, keeps: Int) throws {
    require(keeps > 0, "CheckpointFolder: keeps \(keeps) checkpoints")
    self.path = path
    self.keeps = keeps
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      throw InputError(
        .missingInput, "\(path): the folder cannot be opened: \(SystemError.reason(errno))")
    }
    guard let lock = FileLock(descriptor: folder) else {
      throw InputError(
        .cannotWrite, "\(path): another process writes checkpoints there; choose another folder")
    }
    self.lock = lock
    // What a save leaves that was cut off.
    for name in try names() where AtomicFile.isTemporary(name) { unlink("\(path)/\(name)") }
  }

  /// The steps of the checkpoints that are there, the newest first.
  package func steps() throws -> [Int] {
    try names().compactMap { name in
      guard name.hasPrefix(Self.prefix), name.hasSuffix(Self.suffix) else { return nil }
      return Int(name.dropFirst(Self.prefix.count).dropLast(Self.suffix.count))
    }.sorted(by: >)
  }

  package func file(ofStep step: Int) -> String {
    let digits = "\(step)"
    return "\(path)/\(Self.prefix)"
      + String(repeating: "0", count: Swift.max(0, 10 - digits.count)) + digits + Self.suffix
  }

  /// Writes the checkpoint after `step` steps, and removes those that are no longer among the latest.
  package func write(_ checkpoint: SafetensorsFile, step: Int) throws {
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

  private func names() throws -> [String] {
    guard let folder = opendir(path) else {
      throw InputError(
        .missingInput, "\(path): the folder cannot be read: \(SystemError.reason(errno))")
    }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names
  }
}
