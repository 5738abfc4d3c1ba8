/// Windows of equal length over one sequence of tokens, each beginning where the one before ends.
///
/// A window is a sample: its features are its tokens, its targets the tokens one place further. The sequence is
/// stored once, on the host and on a device, whatever the windows.
public struct TokenWindows: Sendable {
  /// Where the sequence lies.
  package let storage: SampleRows.Storage
  /// The number of tokens of the sequence.
  public let tokenCount: Int
  /// The number of tokens of a window.
  public let length: Int
  /// Where the first window begins.
  public let start: Int
  /// Whether training on shuffled windows begins each epoch at an offset of its own, in `0..<length`, from `start`
  /// on, which the trainer's seed and the epoch's number determine.
  ///
  /// Windows that would not fit at every offset are left out, so that each epoch has as many.
  public let movesEachEpoch: Bool

  /// - Parameters:
  ///   - tokens: the sequence, whole numbers from 0 on.
  ///   - length: the number of tokens of a window, ≥ 1.
  ///   - start: where the first window begins, ≥ 0; default: 0.
  ///   - movesEachEpoch: whether shuffled epochs begin at offsets of their own; default: false.
  public init(_ tokens: [Int32], length: Int, start: Int = 0, movesEachEpoch: Bool = false) {
    self.init(
      .int32(tokens), count: tokens.count, length: length, start: start,
      movesEachEpoch: movesEachEpoch)
  }

  /// Windows of a sequence in a file, such as uint16 numbers; each token is checked as it is read.
  ///
  /// - Parameters:
  ///   - tokens: the sequence, in rows of one whole number.
  ///   - length: the number of tokens of a window, ≥ 1.
  ///   - start: where the first window begins, ≥ 0; default: 0.
  ///   - movesEachEpoch: whether shuffled epochs begin at offsets of their own; default: false.
  public init(_ tokens: MappedRows, length: Int, start: Int = 0, movesEachEpoch: Bool = false) {
    require(
      tokens.width == 1 && tokens.type != .float32 && tokens.selection == nil,
      "TokenWindows: rows of \(tokens.width) \(tokens.type), expected single whole numbers")
    self.init(
      .mapped(tokens), count: tokens.count, length: length, start: start,
      movesEachEpoch: movesEachEpoch)
  }

  private init(
    _ storage: SampleRows.Storage, count: Int, length: Int, start: Int, movesEachEpoch: Bool
  ) {
    require(length > 0 && start >= 0, "TokenWindows: windows of \(length) from \(start) on")
    self.storage = storage
    tokenCount = count
    self.length = length
    self.start = start
    self.movesEachEpoch = movesEachEpoch
  }

  /// The number of windows after whose last token there is one more, at every offset of an epoch.
  public var count: Int {
    Swift.max(0, (tokenCount - start - (movesEachEpoch ? length : 1)) / length)
  }

  /// The sequence, in rows of one token.
  package var rows: SampleRows { SampleRows(storage: storage, width: 1) }

  /// The sequence, whole numbers from 0 on; of one in a file a copy.
  ///
  /// Stops the program if the file was cut short meanwhile.
  public var tokens: [Int32] {
    if case .int32(let tokens) = storage { return tokens }
    do {
      return try rows.floats(of: 0..<tokenCount).map(Int32.init)
    } catch {
      fatalError("tokens: \(error)")
    }
  }
}

extension Dataset {
  /// Windows of a sequence of tokens, each token's target being the one that follows it.
  ///
  /// - Parameters:
  ///   - windows: the samples.
  ///   - vocabularySize: how many tokens there are; all lie in `0..<vocabularySize`.
  public init(_ windows: TokenWindows, vocabularySize: Int) {
    self.init(
      count: windows.count, featureCount: windows.length, features: .windows(windows),
      targets: .nextTokens(vocabularySize: vocabularySize))
  }
}
