import Glibc

extension SafetensorsFile {
  /// Reads the weights of a model, which may lie in several files.
  ///
  /// - Parameter path: a safetensors file; the index of a model in several files, such as
  ///   `model.safetensors.index.json`, whose parts lie beside it; or a folder that holds
  ///   `model.safetensors` or one index.
  /// - Throws: `InputError` of kind `.missingInput` when a file cannot be read or a folder leaves open
  ///   which one is meant; `.badData` when a file is damaged, the parts do not fit the index, or
  ///   `path` is one part of several.
  public init(model path: String) throws {
    let path = try Self.modelFile(at: path)
    let bytes = try FileReader.bytes(of: path)
    if PartIndex.isIndex(bytes, path: path) {
      self = try PartIndex(bytes, path: path).file()
      return
    }
    if let index = PartIndex.index(ofPart: path) {
      throw InputError(
        .badData,
        "\(path): is one part of a model in several files: give its index, \(index.path)"
          + (index.isThere ? "" : ", which is missing"))
    }
    try self.init(bytes: bytes, name: path)
  }

  /// The file to read for `path`, which may be a folder.
  private static func modelFile(at path: String) throws -> String {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return path }
    let names = try FolderReader.names(in: path).sorted()
    let folder = path.hasSuffix("/") ? path : path + "/"
    if names.contains("model.safetensors") { return "\(folder)model.safetensors" }
    let indices = names.filter(PartIndex.isIndexName)
    if indices.count == 1 { return folder + indices[0] }
    let candidates = indices + names.filter { $0.hasSuffix(".safetensors") }
    throw InputError(
      .missingInput,
      candidates.isEmpty
        ? "\(path): is a folder without a safetensors file"
        : "\(path): is a folder without model.safetensors: name one of its files, "
          + listed(candidates))
  }
}

/// Some names in a message: the first eight, and how many more there are; "no tensors" for none.
func listed(_ names: [String]) -> String {
  if names.isEmpty { return "no tensors" }
  let shown = names.prefix(8).joined(separator: ", ")
  return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
}
