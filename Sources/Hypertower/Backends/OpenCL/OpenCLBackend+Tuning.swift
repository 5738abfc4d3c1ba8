import Glibc
internal import OpenCL

extension OpenCLBackend {
  /// Keeps what was found for products of `shapes` on this device, in place of what was kept for
  /// them; later runs use it.
  ///
  /// - Returns: the file.
  /// - Throws: `InputError` if it cannot be written, or no folder for it is known.
  package func keep(_ choices: TuningChoices, for shapes: [ProductShape]) throws -> String {
    let path = try tuningFile()
    var all = (try? TuningChoices(contentsOf: path)) ?? TuningChoices()
    all.replace(shapes, by: choices)
    try AtomicFile.write(Array((all.text + "\n").utf8), to: path)
    return path
  }

  /// Checks that `keep` will be able to write its file.
  ///
  /// - Throws: `InputError(.cannotWrite)`.
  package func checkKeeping() throws {
    let path = try tuningFile()
    if let obstacle = TemporaryFile.obstacle(in: AtomicFile.folder(of: path)) {
      throw InputError(.cannotWrite, "\(path): cannot be written: \(obstacle.reason)")
    }
    guard (try? AtomicFile.isRegular(path)) ?? false,
      access(path, F_OK) != 0 || access(path, W_OK) == 0
    else {
      throw InputError(.cannotWrite, "\(path): is no file that can be written: move it away")
    }
  }

  /// The file of what was found for the device, in a folder that is made if it is missing.
  private func tuningFile() throws -> String {
    guard let directory = ProgramCache.defaultDirectory() else {
      throw InputError(.cannotWrite, "neither XDG_CACHE_HOME nor HOME names a folder for tuning")
    }
    do {
      try createDirectory(directory)
    } catch {
      throw InputError(.cannotWrite, "\(directory): cannot be made: \(error)")
    }
    return TuningChoices.path(for: context.device, in: directory)
  }
}
