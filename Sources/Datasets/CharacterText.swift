public import Hypertower

/// A text as a sequence of tokens, one for each character, to train a model on that predicts the next character.
///
/// The last tenth is kept for validation.
public struct CharacterText: Sendable {
  /// The characters that there are.
  public let vocabulary: Vocabulary
  /// The characters of the text by their tokens.
  public let tokens: [Int32]
  private let name: String

  /// Reads the UTF-8 file at `path`.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - vocabulary: the characters that there may be; default: those of the file.
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is empty, not
  ///   UTF-8, or has a character that the vocabulary lacks.
  public init(contentsOf path: String, vocabulary: Vocabulary? = nil) throws {
    try self.init(FileReader.bytes(of: path), vocabulary: vocabulary, name: path)
  }

  /// A text that the program has.
  ///
  /// - Parameters:
  ///   - text: at least two distinct characters.
  ///   - vocabulary: the characters that there may be; default: those of the text.
  /// - Throws: `InputError` of kind `.badData` when it is empty, has one distinct character alone, or one that the
  ///   vocabulary lacks.
  public init(_ text: String, vocabulary: Vocabulary? = nil) throws {
    try self.init(Array(text.utf8), vocabulary: vocabulary, name: "the text")
  }

  /// - Parameter name: what error messages call the text.
  package init(_ bytes: [UInt8], vocabulary: Vocabulary? = nil, name: String) throws {
    guard !bytes.isEmpty else {
      throw InputError(.badData, "\(name): is empty, expected a text: give a file with some")
    }
    let scalars = try Self.scalars(bytes, name: name)
    let own = vocabulary ?? Vocabulary(of: scalars)
    guard own.count >= 2 else {
      throw InputError(
        .badData,
        "\(name): contains a single distinct character, expected at least 2: there is "
          + "nothing to learn; give another text")
    }
    self.vocabulary = own
    self.name = name
    tokens = try own.tokens(of: scalars, name: name)
  }

  private static func scalars(_ bytes: [UInt8], name: String) throws -> [Unicode.Scalar] {
    var scalars: [Unicode.Scalar] = []
    scalars.reserveCapacity(bytes.count)
    var (decoder, iterator, place) = (UTF8(), bytes.makeIterator(), 0)
    while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar):
        scalars.append(scalar)
        place += UTF8.width(scalar)
      case .emptyInput: return scalars
      case .error:
        throw InputError(
          .badData,
          "\(name): is not UTF-8: at byte \(place) there is no character; convert it, as with iconv -t "
            + "UTF-8")
      }
    }
  }

  /// The windows to train on and those of the last tenth of the text.
  ///
  /// Shuffled, the windows to train on begin at another offset each epoch, as `TokenWindows.movesEachEpoch` says.
  ///
  /// - Parameter length: the number of characters of a window.
  /// - Throws: `InputError` of kind `.badData` when the text is too short.
  public func datasets(length: Int) throws -> (train: Dataset, validation: Dataset) {
    let heldBack = tokens.count / 10
    let needed = 10 * (length + 1)
    guard heldBack > length else {
      throw InputError(
        .badData,
        "\(name): \(tokens.count) characters are too few: windows of \(length) need at least \(needed), "
          + "since the last tenth is kept for validation; give a longer text or a smaller --length")
    }
    let rest = tokens.count - heldBack
    func dataset(_ tokens: ArraySlice<Int32>, movesEachEpoch: Bool) -> Dataset {
      Dataset(
        TokenWindows(Array(tokens), length: length, movesEachEpoch: movesEachEpoch),
        vocabularySize: vocabulary.count)
    }
    return (
      dataset(tokens[..<rest], movesEachEpoch: true),
      dataset(tokens[rest...], movesEachEpoch: false)
    )
  }
}
