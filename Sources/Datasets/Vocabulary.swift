import Hypertower

/// The characters of texts, as Unicode scalars, each with its number: its token.
public struct Vocabulary: Sendable, Equatable {
  /// In ascending order; a scalar's token is its place.
  public let scalars: [Unicode.Scalar]
  private let tokens: [Unicode.Scalar: Int32]

  /// The number of characters.
  public var count: Int { scalars.count }
  /// All characters, one after another.
  public var text: String { String(String.UnicodeScalarView(scalars)) }

  /// The distinct scalars of `scalars`.
  public init(of scalars: some Sequence<Unicode.Scalar>) {
    self.scalars = Set(scalars).sorted()
    tokens = Dictionary(uniqueKeysWithValues: zip(self.scalars, 0...))
  }

  /// The token of a character; nil if it is not in the vocabulary.
  public func token(of scalar: Unicode.Scalar) -> Int32? { tokens[scalar] }

  /// The characters that tokens stand for.
  public func text(of tokens: some Sequence<Int32>) -> String {
    String(String.UnicodeScalarView(tokens.map { scalars[Int($0)] }))
  }

  /// The tokens of `scalars`.
  ///
  /// - Parameters:
  ///   - scalars: the characters of a text.
  ///   - name: what error messages call the text.
  /// - Throws: `InputError` of kind `.badData` that names the first character that is not in the vocabulary.
  public func tokens(
    of scalars: some Sequence<Unicode.Scalar>, name: String
  ) throws -> [Int32] {
    try scalars.enumerated().map { try token(of: $1, at: $0, name: name) }
  }

  /// The token of character number `place` of a text.
  ///
  /// - Throws: as `tokens(of:name:)`.
  func token(of scalar: Unicode.Scalar, at place: Int, name: String) throws -> Int32 {
    if let token = tokens[scalar] { return token }
    let number = String(scalar.value, radix: 16, uppercase: true)
    throw InputError(
      .badData,
      "\(name): character \(place) is '\(scalar)' (U+"
        + String(repeating: "0", count: max(0, 4 - number.count)) + "\(number)), which the "
        + "\(count) characters of the model's vocabulary lack: remove it, or train on a text that has "
        + "it (characters are numbered from 0)")
  }
}

extension String.UnicodeScalarView {
  fileprivate init(_ scalars: [Unicode.Scalar]) {
    self.init()
    append(contentsOf: scalars)
  }
}
