internal import OpenCL

extension OpenCLBackend {
  /// Keeps `choices` for this device, in addition to those that are kept already; later runs use
  /// them.
  ///
  /// - Returns: the file.
  /// - Throws: `InputError` if it cannot be written, or no folder for it is known.
  package func keep(_ choices: TuningChoices) throws -> String {
    guard let directory = ProgramCache.defaultDirectory() else {
      throw InputError(.cannotWrite, "neither XDG_CACHE_HOME nor HOME names a folder for tuning")
    }
    let path = TuningChoices.path(for: context.device, in: directory)
    var all = (try? TuningChoices(contentsOf: path)) ?? TuningChoices()
    all.products.merge(choices.products) { $1 }
    all.tileRows.merge(choices.tileRows) { $1 }
    try AtomicFile.write(Array((all.text + "\n").utf8), to: path)
    return path
  }
}
