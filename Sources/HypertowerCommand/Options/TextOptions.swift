import ArgumentParser

/// The text that a model of characters works on.
struct TextOptions: ParsableArguments {
  @Option(
    name: .customLong("text"),
    help: ArgumentHelp(
      "A UTF-8 text for --model \(ModelKind.names(where: \.isOfText)).",
      discussion: """
        Its distinct Unicode scalars are the vocabulary. A sample is a window of --length characters, and \
        its targets are the characters one place further; the last tenth of the text is kept for validation.
        """,
      valueName: "file"), completion: .file())
  var path: String?

  /// The path for a model; nil if it is one of images.
  ///
  /// - Parameter dataOptions: the options for other data that were given.
  /// - Throws: `Failure(.usage)` if the text is missing or has no place.
  func path(for kind: ModelKind, besides dataOptions: [String]) throws -> String? {
    guard kind.isOfText else {
      guard path == nil else {
        throw Failure(
          .usage,
          "--text is for the models \(ModelKind.names(where: \.isOfText)); \(kind) is an image classifier"
        )
      }
      return nil
    }
    guard let path else {
      throw Failure(.usage, "the model \(kind) predicts characters: give a text by --text FILE")
    }
    guard dataOptions.isEmpty else {
      throw Failure(
        .usage,
        "\(dataOptions.joined(separator: ", ")) cannot be given with --text: "
          + (dataOptions.count == 1 ? "it is" : "they are") + " for images, tables and arrays")
    }
    return path
  }
}
