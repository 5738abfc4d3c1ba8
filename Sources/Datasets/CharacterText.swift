public import Hypertower

/// A text as a sequence of tokens, one for each character, to train a model on that predicts the next character.
///
/// The last tenth is kept for validation. Where a text and its tokens, four bytes for each character, take more than a
/// quarter of the memory that the process can have, the tokens are in a temporary file.
public struct CharacterText: Sendable {
  /// The characters that there are.
  public let vocabulary: Vocabulary
  private let storedTokens: StoredArray<Int32>
  private let name: String

  /// The number of characters.
  public var count: Int { storedTokens.count }
  /// The characters of the text by their tokens; of tokens in a file a copy.
  public var tokens: [Int32] { storedTokens.withElements { Array($0) } }

  /// Reads the UTF-8 file at `path`.
  ///
  /// - Parameters:
  ///   - path: the file.
  ///   - vocabulary: the characters that there may be; default: those of the file.
  /// - Throws: `InputError` of kind `.missingInput` when it cannot be read, `.badData` when it is empty, not
  ///   UTF-8, or has a character that the vocabulary lacks, `.cannotWrite` when there is no room for a temporary file.
  public init(contentsOf path: String, vocabulary: Vocabulary? = nil) throws {
    try self.init(contentsOf: path, vocabulary: vocabulary, in: MemoryBudget())
  }

  package init(
    contentsOf path: String, vocabulary: Vocabulary? = nil, in budget: MemoryBudget
  ) throws {
    try self.init(
      .contents(of: path, in: budget), vocabulary: vocabulary, name: path, in: budget)
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
    try self.init(StoredArray(bytes), vocabulary: vocabulary, name: name, in: MemoryBudget())
  }

  private init(
    _ bytes: StoredArray<UInt8>, vocabulary: Vocabulary?, name: String, in budget: MemoryBudget
  ) throws {
    guard bytes.count > 0 else {
      throw InputError(.badData, "\(name): is empty, expected a text: give a file with some")
    }
    var count = 0
    var occurs = [Bool](repeating: false, count: 0x11_0000)
    try Self.forEachScalar(of: bytes, name: name) {
      occurs[Int($0.value)] = true
      count += 1
    }
    let own =
      vocabulary
      ?? Vocabulary(of: occurs.indices.lazy.filter { occurs[$0] }.compactMap { Unicode.Scalar($0) })
    guard own.count >= 2 else {
      throw InputError(
        .badData,
        "\(name): contains a single distinct character, expected at least 2: there is "
          + "nothing to learn; give another text")
    }
    var tokens = try StoredArrayBuilder<Int32>(name, in: budget, expected: count)
    try Self.forEachScalar(of: bytes, name: name) {
      try tokens.append(own.token(of: $0, at: tokens.count, name: name))
    }
    storedTokens = try tokens.finish()
    budget.giveBack(bytes)
    self.vocabulary = own
    self.name = name
  }

  /// - Throws: `InputError(.badData)` for what is not UTF-8, and for a file that was cut short meanwhile; what `body`
  ///   throws.
  private static func forEachScalar(
    of bytes: StoredArray<UInt8>, name: String, _ body: (Unicode.Scalar) throws -> Void
  ) throws {
    try bytes.withBytes { bytes in
      var (decoder, iterator, place) = (UTF8(), bytes.makeIterator(), 0)
      while true {
        switch decoder.decode(&iterator) {
        case .scalarValue(let scalar):
          try body(scalar)
          place += UTF8.width(scalar)
        case .emptyInput: return
        case .error:
          throw InputError(
            .badData,
            "\(name): is not UTF-8: at byte \(place) there is no character; convert it, as with iconv -t "
              + "UTF-8")
        }
      }
    }
  }

  /// What to tell the user of tokens that do not lie in memory; nil if they do.
  package var diskNote: String? {
    guard case .mapped(let file, _) = storedTokens.storage, let folder = file.temporaryFolder
    else { return nil }
    return "\(name): characters are in a temporary file in \(folder), \(MemoryBudget.reason)"
  }

  /// The windows to train on and those of the last tenth of the text.
  ///
  /// Shuffled, the windows to train on begin at another offset each epoch, as `TokenWindows.movesEachEpoch` says.
  ///
  /// - Parameter length: the number of characters of a window.
  /// - Throws: `InputError` of kind `.badData` when the text is too short.
  public func datasets(length: Int) throws -> (train: Dataset, validation: Dataset) {
    let heldBack = count / 10
    let needed = 10 * (length + 1)
    guard heldBack > length else {
      throw InputError(
        .badData,
        "\(name): \(count) characters are too few: windows of \(length) need at least \(needed), "
          + "since the last tenth is kept for validation; give a longer text or a smaller --length")
    }
    func dataset(_ part: Range<Int>, movesEachEpoch: Bool) throws -> Dataset {
      Dataset(
        try windows(of: storedTokens[part], length: length, movesEachEpoch: movesEachEpoch),
        vocabularySize: vocabulary.count)
    }
    let rest = count - heldBack
    return (
      try dataset(0..<rest, movesEachEpoch: true), try dataset(rest..<count, movesEachEpoch: false)
    )
  }

  private func windows(
    of tokens: StoredArray<Int32>, length: Int, movesEachEpoch: Bool
  ) throws -> TokenWindows {
    switch tokens.storage {
    case .memory(let tokens):
      TokenWindows(tokens, length: length, movesEachEpoch: movesEachEpoch)
    case .mapped(let file, let offset):
      TokenWindows(
        try MappedRows(file, .int32, offset: offset, count: tokens.count), length: length,
        movesEachEpoch: movesEachEpoch)
    }
  }
}
