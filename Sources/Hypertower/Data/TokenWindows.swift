/// Windows of equal length over one sequence of tokens, each beginning where the one before ends.
///
/// A window is a sample: its features are its tokens, its targets the tokens one place further. The sequence is
/// stored once, on the host and on a device, whatever the windows.
public struct TokenWindows: Sendable {
  /// The sequence, whole numbers from 0 on.
  public let tokens: [Int32]
  /// The number of tokens of a window.
  public let length: Int
  /// Where the first window begins.
  public let start: Int

  /// - Parameters:
  ///   - tokens: the sequence.
  ///   - length: the number of tokens of a window, ≥ 1.
  ///   - start: where the first window begins, ≥ 0; default: 0.
  public init(_ tokens: [Int32], length: Int, start: Int = 0) {
    require(length > 0 && start >= 0, "TokenWindows: windows of \(length) from \(start) on")
    self.tokens = tokens
    self.length = length
    self.start = start
  }

  /// The number of windows after whose last token there is one more.
  public var count: Int { Swift.max(0, (tokens.count - 1 - start) / length) }

  /// The tokens of window `number`, or those `shift` places further.
  func window(_ number: Int, shift: Int = 0) -> ArraySlice<Int32> {
    let first = start + number * length + shift
    return tokens[first..<first + length]
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

  /// The number of targets of a sample.
  package var targetCount: Int {
    switch targets {
    case .classes: 1
    case .values(_, let width): width
    case .nextTokens: featureCount
    }
  }
}
