import Datasets
import Hypertower

/// The description in the metadata of files of weights and checkpoints: one JSON object.
extension NetworkDescription {
  private static let key = "hypertower_model"

  /// The members of a file's metadata.
  var metadata: [String: String] { [Self.key: json.text] }

  private var json: JSONText {
    func numbers(_ values: [Int]) -> JSONText { .array(values.map(JSONText.integer)) }
    let ofInput: [(key: String, value: JSONText)] =
      switch input {
      case .images(let shape, let classes):
        [("image", numbers(shape)), ("classes", .integer(classes))]
      case .numbers(let shape, .classes(let count)):
        [("sample", numbers(shape)), ("classes", .integer(count))]
      case .numbers(let shape, .values(let count)):
        [("sample", numbers(shape)), ("values", .integer(count))]
      case .text(let vocabulary): [("vocabulary", .string(vocabulary.text))]
      }
    return .object(
      [("model", .string(choice.kind.rawValue))]
        + SizeOption.allCases.compactMap { option in
          choice.sizes[option].map { (option.rawValue, numbers($0)) }
        } + ofInput)
  }

  /// What a file's metadata say; nil if they say nothing of it.
  ///
  /// - Parameter source: what error messages call the file.
  /// - Throws: `InputError(.badData)` if they name no network that this version knows, or none that there can
  ///   be; `Failure(.memory)` if this machine cannot hold it.
  init?(_ file: SafetensorsFile, source: String) throws {
    guard let text = file.metadata[Self.key] else { return nil }
    func fault(_ what: String) -> InputError {
      InputError(
        .badData,
        "\(source): '\(Self.key)' of the metadata \(what): the file is damaged, or of another version"
      )
    }
    guard let json = try? JSONValue(parsing: Array(text.utf8)[...], name: source) else {
      throw fault("is not JSON")
    }
    guard let kind = json["model"]?.string.flatMap(ModelKind.init(rawValue:)) else {
      throw fault("names no model that is known")
    }
    func numbers(_ key: String, where isValid: ([Int]) -> Bool) throws -> [Int] {
      guard let values = json[key]?.array, case let numbers = values.compactMap(\.int),
        numbers.count == values.count, isValid(numbers)
      else { throw fault("has no '\(key)' that a network can have") }
      return numbers
    }
    var sizes: [SizeOption: [Int]] = [:]
    for option in kind.defaults.sizes.keys {
      sizes[option] = try numbers(option.rawValue, where: option.contains)
    }
    choice = ModelChoice(kind, sizes)
    if kind.isOfText {
      guard let vocabulary = json["vocabulary"]?.string, !vocabulary.isEmpty else {
        throw fault("lacks the vocabulary")
      }
      input = .text(Vocabulary(of: vocabulary.unicodeScalars))
    } else {
      let isImage = json["sample"] == nil
      // More than any file of images states, and far from where products of sizes overflow.
      let shape = try numbers(isImage ? "image" : "sample") {
        !$0.isEmpty && $0.allSatisfy { $0 > 0 } && $0.product().map { $0 <= 1 << 24 } ?? false
      }
      if let values = json["values"]?.int, (1...1 << 24).contains(values), !isImage {
        input = .numbers(shape: shape, .values(values))
      } else if let classes = json["classes"]?.int,
        LabelledImages.Options.classCounts.contains(classes)
      {
        input =
          isImage
          ? .images(shape: shape, classes: classes) : .numbers(shape: shape, .classes(classes))
      } else {
        throw fault("has no 'classes' that a network can have")
      }
    }
    do {
      _ = try network()
    } catch let failure as Failure where failure.status == .usage {
      throw fault("does not fit together (\(failure.message))")
    }
  }
}
