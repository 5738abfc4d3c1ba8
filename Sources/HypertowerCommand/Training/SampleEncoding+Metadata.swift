import Datasets
import FoundationEssentials
import Hypertower

/// The description of samples in the metadata of files of weights and checkpoints: one JSON object.
extension SampleEncoding {
  private static let key = "hypertower_data"

  /// The members of a file's metadata; none of samples whose classes are numbers.
  var metadata: [String: String] {
    fingerprintText.isEmpty ? [:] : [Self.key: fingerprintText]
  }

  /// The description as text; empty for samples whose classes are numbers.
  var fingerprintText: String {
    guard table != nil || classNames != nil || classCount == nil else { return "" }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Numbers are finite, as `isValid` says.
    return String(decoding: try! encoder.encode(self), as: UTF8.self)
  }

  /// What a file's metadata say; nil if they say nothing of it.
  ///
  /// - Parameter source: what error messages call the file.
  /// - Throws: `InputError(.badData)` if they say what cannot be.
  init?(_ file: SafetensorsFile, source: String) throws {
    guard let text = file.metadata[Self.key] else { return nil }
    guard let encoding = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)),
      encoding.isValid
    else {
      throw InputError(
        .badData,
        "\(source): '\(Self.key)' of the metadata does not describe data: the file is damaged, or of another "
          + "version")
    }
    self = encoding
  }
}
