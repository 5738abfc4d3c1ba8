/// What a parameter of a model is for.
public enum ParameterKind: String, Sendable, CaseIterable {
  /// Two axes or more: matrices and windows.
  case weights
  /// At most one axis.
  case biases
  /// The scales and shifts of normalizations.
  case norms
  /// The tables of `Embedding`.
  case embeddings
}

/// A parameter of a model as selectors see it.
public struct ModelParameter: Sendable {
  /// As in files of weights, such as `layers.0.weight`.
  public let name: String
  /// What it is for.
  public let kind: ParameterKind
  /// As declared.
  public let shape: Shape
}

/// Says which of a model's parameters belong to a group.
public struct ParameterSelector: Sendable, CustomStringConvertible {
  /// How it is written in a tower's text, and what the group is called in logs and checkpoints.
  public let description: String
  let selects: @Sendable (ModelParameter) -> Bool

  /// What remains of earlier groups.
  public static let others = ParameterSelector(otherName) { _ in true }
  static let otherName = "else"

  /// The parameters of that name; `*` stands for any characters, as in `layers.0.*`.
  ///
  /// A tower's text has the name of a single parameter in quotes where it would mean something else without, as in
  /// `"weights": sgd(0.1)`.
  ///
  /// - Precondition: `name` is not empty and has no `"`; with a `*`, no spaces and none of `:;/()` either.
  public static func named(_ name: String) -> ParameterSelector {
    if let pattern = pattern(name) { return pattern }
    require(
      !name.isEmpty && !name.contains { $0 == quote || $0 == "*" },
      "ParameterSelector: '\(name)' must have a character and no \(quote), and with a * no spaces and none of "
        + excluded)
    return exactly(name)
  }

  /// The parameter of that name alone, in quotes where a tower's text needs them.
  static func exactly(_ name: String) -> ParameterSelector {
    let isWord = pattern(name) != nil && !name.contains("*")
    return ParameterSelector(isWord ? name : "\(quote)\(name)\(quote)") { $0.name == name }
  }

  /// The parameters whose name a word of a tower's text stands for; nil if it is no such word.
  private static func pattern(_ text: String) -> ParameterSelector? {
    let isOther = text == otherName || ParameterKind(rawValue: text) != nil
    guard !text.isEmpty, !isOther,
      !text.contains(where: { $0.isWhitespace || $0 == quote || excluded.contains($0) })
    else { return nil }
    let parts = text.components
    return ParameterSelector(text) { matches($0.name, parts) }
  }

  /// The parameters of that kind.
  public static func kind(_ kind: ParameterKind) -> ParameterSelector {
    ParameterSelector(kind.rawValue) { $0.kind == kind }
  }

  /// The parameters of a part of a model, such as `.at(\.encoder, of: model)` or `.at(\.blocks, of: model)`.
  ///
  /// - Precondition: the part is a parameter, a module that has some, or an array or an optional of such.
  public static func at<Model: Module, Part>(
    _ path: KeyPath<Model, Part>, of model: Model
  ) -> ParameterSelector {
    let own = Set(
      tensors(in: model[keyPath: path], Model.self).compactMap {
        $0.parameterDeclaration.map(ObjectIdentifier.init)
      })
    let names = model.parameters.filter { parameter in
      parameter.tensor.parameterDeclaration.map { own.contains(ObjectIdentifier($0)) } ?? false
    }.map(\.name)
    require(
      !names.isEmpty, "ParameterSelector: nothing at this key path is a parameter of the model")
    if names.count == 1 { return exactly(names[0]) }
    // As text that can be read back where a pattern says the same.
    let beginning = names.dropFirst().reduce(names[0]) { $0.commonPrefix(with: $1) }
    let others = model.parameters.map(\.name).filter { !names.contains($0) }
    if let pattern = pattern("\(beginning)*"),
      others.allSatisfy({ !matches($0, pattern.description.components) })
    {
      return pattern
    }
    return ParameterSelector(names.joined(separator: "|")) { names.contains($0.name) }
  }

  private static func tensors<Model: Module>(in part: Any, _: Model.Type) -> [Tensor] {
    switch part {
    case let tensor as Tensor: [tensor]
    case let module as any Module: module.parameters.map(\.tensor)
    default: Model.tensors(in: part, path: [], areStates: false).map(\.tensor)
    }
  }

  /// The parameters for which a condition holds.
  ///
  /// - Parameters:
  ///   - label: how the group is called in logs and checkpoints; a tower's text cannot be read back from it.
  ///   - condition: of a parameter's name, kind and shape.
  public init(_ label: String, where condition: @escaping @Sendable (ModelParameter) -> Bool) {
    self.init(label, condition)
  }

  private init(_ text: String, _ selects: @escaping @Sendable (ModelParameter) -> Bool) {
    (description, self.selects) = (text, selects)
  }

  /// The selector that a tower's text names: a kind, `else`, or else a parameter's name.
  init(parsing text: String) {
    if let kind = ParameterKind(rawValue: text) {
      self = .kind(kind)
    } else {
      self = text == Self.otherName ? .others : .named(text)
    }
  }

  /// What a name cannot have in a tower's text without quotes.
  static let excluded = ":;/()"
  /// What stands around a name that is taken as it is.
  static let quote: Character = "\""

  /// Whether `name` is `parts` with any characters between them.
  private static func matches(_ name: String, _ parts: [String]) -> Bool {
    guard parts.count > 1 else { return name == parts[0] }
    guard name.hasPrefix(parts[0]) else { return false }
    var rest = name.dropFirst(parts[0].count)
    for part in parts.dropFirst().dropLast() {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(parts[parts.count - 1])
  }
}

extension String {
  fileprivate var components: [String] {
    split(separator: "*", omittingEmptySubsequences: false).map(String.init)
  }

  fileprivate func commonPrefix(with other: String) -> String {
    String(zip(self, other).prefix { $0 == $1 }.map(\.0))
  }
}
