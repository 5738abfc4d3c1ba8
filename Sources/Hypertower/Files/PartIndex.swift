import Glibc

/// The index of a model in several files, as Hugging Face's libraries write it:
/// `{"weight_map": {"w1": "model-00001-of-00002.safetensors", …}}`.
struct PartIndex {
  private let path: String
  /// The name of the part that holds each tensor; parts lie in the index's folder.
  private let partNames: [String: String]

  /// - Throws: `InputError` of kind `.badData`.
  init(_ bytes: [UInt8], path: String) throws {
    self.path = path
    let index = try JSONValue(parsing: bytes, name: path)
    guard let map = index["weight_map"]?.object else {
      throw InputError(
        .badData,
        "\(path): this index of a model has no object weight_map, which names the file of each tensor"
      )
    }
    guard !map.isEmpty else { throw InputError(.badData, "\(path): weight_map names no tensors") }
    partNames = try Dictionary(
      uniqueKeysWithValues: map.map { tensor, value in
        guard let name = value.string, Self.isPlain(name) else {
          throw InputError(
            .badData,
            "\(path): weight_map has \(value.text) for '\(tensor)', expected the name of a file in "
              + "the same folder")
        }
        return (tensor, name)
      })
  }

  /// The tensors of all parts.
  ///
  /// - Throws: `InputError` if a part cannot be read, a tensor is not in its part, or in two.
  func file() throws -> SafetensorsFile {
    var entries: [SafetensorsFile.Entry] = []
    var places: [String: String] = [:]
    for part in Set(partNames.values).sorted() {
      let partPath = AtomicFile.folder(of: path) + part
      let file: SafetensorsFile
      do {
        file = try SafetensorsFile(contentsOf: partPath)
      } catch let error as InputError {
        throw InputError(error.kind, "\(error.message) (a part that \(path) names)")
      }
      for entry in file.entries {
        if let other = places.updateValue(part, forKey: entry.name) {
          throw InputError(
            .badData, "\(path): tensor '\(entry.name)' is in two parts, \(other) and \(part)")
        }
      }
      entries += file.entries
    }
    for (tensor, part) in partNames.sorted(by: { $0.key < $1.key }) where places[tensor] != part {
      throw InputError(
        .badData,
        "\(path): tensor '\(tensor)' is not in its part \(part)"
          + (places[tensor].map { " but in \($0)" } ?? ""))
    }
    return SafetensorsFile(ordered: entries, metadata: [:])
  }

  // MARK: Recognition

  /// Whether a file holds an index rather than tensors.
  static func isIndex(_ bytes: [UInt8], path: String) -> Bool {
    if path.hasSuffix(".json") { return true }
    // A safetensors file begins with the header's length, of which the upper bytes are zeros.
    return bytes.first == UInt8(ascii: "{") && bytes.prefix(8).last != 0
  }

  /// Whether a file of that name is an index: `model.safetensors.index.json`.
  static func isIndexName(_ name: String) -> Bool {
    name.hasSuffix(".json") && name.contains(".safetensors.index.")
  }

  /// The path of the index of a model of which the file at `path` is one part of several; nil if the
  /// file is a whole model, as far as its name and the indices beside it tell.
  ///
  /// - Returns: with the path, whether there is such a file.
  static func index(ofPart path: String) -> (path: String, isThere: Bool)? {
    let folder = AtomicFile.folder(of: path)
    let name = String(path.dropFirst(folder.count))
    // A folder that cannot be listed tells nothing.
    let names = (try? FolderReader.names(in: folder.isEmpty ? "." : folder)) ?? []
    for other in names.filter(isIndexName).sorted() {
      guard let bytes = try? FileReader.bytes(of: folder + other),
        let parts = try? Set(PartIndex(bytes, path: other).partNames.values)
      else { continue }
      if parts.count > 1, parts.contains(name) { return (folder + other, true) }
    }
    guard let model = modelName(ofPart: name) else { return nil }
    let index = "\(folder)\(model).safetensors.index.json"
    return (index, access(index, F_OK) == 0)
  }

  /// "model" for `model-00001-of-00002.safetensors`, one part of several; nil for other names.
  private static func modelName(ofPart name: String) -> Substring? {
    guard let match = name.wholeMatch(of: /(.*)-[0-9]{5}-of-([0-9]{5})\.safetensors/),
      let count = Int(match.2), count > 1
    else { return nil }
    return match.1
  }

  /// Whether a name leads to a file in the same folder, and nowhere else.
  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.contains("\0")
  }
}
