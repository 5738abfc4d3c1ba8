import Datasets
import Hypertower

/// What the features were divided by that weights were trained on, as a file of weights says it.
enum TrainedScale {
  private static let key = "scale"
  /// What suits the type of the data.
  private static let standard = "default"

  /// The members of a file's metadata.
  static func metadata(_ scale: Double?) -> [String: String] {
    [key: scale.map { "\($0)" } ?? standard]
  }

  /// The members that a file's metadata have of it.
  static func metadata(of file: SafetensorsFile) -> [String: String] {
    file.metadata.filter { $0.key == key }
  }

  /// What a file says that features were divided by; nil for what suits their type.
  static func divisor(of file: SafetensorsFile) -> String? {
    file.metadata[key].flatMap { $0 == standard ? nil : $0 }
  }

  /// What to divide features by for the weights of a file: what the user gave, else what the file says,
  /// else what suits their type. Says so where that is not what goes without saying.
  ///
  /// - Throws: `InputError(.badData)` if the file says what is no scale.
  static func scale(for file: SafetensorsFile, given: Double?, source: String) throws -> Double? {
    guard let text = file.metadata[key] else { return given }
    let trained = text == standard ? nil : Double(text)
    guard text == standard || trained.map(LabelledImages.Options.isScale) ?? false else {
      throw InputError(
        .badData,
        "\(source): 'scale' of the metadata is '\(text)', expected a number greater than 0")
    }
    if let given, given != trained {
      Console.warn(
        "\(source): was trained on features divided by "
          + (trained.map { "\($0)" } ?? "what suits their type")
          + ", not by \(given) as --scale says")
      return given
    }
    if let trained, given == nil {
      Console.warn("\(source): dividing features by \(trained), as it was trained")
    }
    return given ?? trained
  }
}
