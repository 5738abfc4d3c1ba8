internal import OpenCL

extension OpenCLBackend {
  /// Keeps what was found for products of `shapes` on this device, in place of what was kept for
  /// them; later runs use it.
  ///
  /// - Returns: the file.
  /// - Throws: `InputError` if it cannot be written, or no folder for it is known.
  package func keep(_ choices: TuningChoices, for shapes: [ProductShape]) throws -> String {
    guard let directory = ProgramCache.defaultDirectory() else {
      throw InputError(.cannotWrite, "neither XDG_CACHE_HOME nor HOME names a folder for tuning")
    }
    let path = TuningChoices.path(for: context.device, in: directory)
    do {
      try createDirectory(directory)
    } catch {
      throw InputError(.cannotWrite, "\(directory): cannot be made: \(error)")
    }
    var all = (try? TuningChoices(contentsOf: path)) ?? TuningChoices()
    all.replace(shapes, by: choices)
    try AtomicFile.write(Array((all.text + "\n").utf8), to: path)
    return path
  }
}
