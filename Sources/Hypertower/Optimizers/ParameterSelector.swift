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
  /// - Precondition: `name` is not empty, and has no spaces and none of `:;/()`.
  public static func named(_ name: String) -> ParameterSelector {
    require(
      !name.isEmpty && !name.contains { $0.isWhitespace || excluded.contains($0) },
      "ParameterSelector: '\(name)' must have a character, no spaces, and none of \(excluded)")
    let parts = name.components
    return ParameterSelector(name) { matches($0.name, parts) }
  }

  /// The parameters of that kind.
  public static func kind(_ kind: ParameterKind) -> ParameterSelector {
    ParameterSelector(kind.rawValue) { $0.kind == kind }
  }

  /// The parameters of a part of a model, such as `.at(\.encoder, of: model)`.
  ///
  /// - Precondition: the part is a parameter or a module that has some.
  public static func at<Model: Module, Part>(
    _ path: KeyPath<Model, Part>, of model: Model
  ) -> ParameterSelector {
    let part = model[keyPath: path]
    let tensors = (part as? Tensor).map { [$0] } ?? (part as? any Module)?.parameters.map(\.tensor)
    let own = Set((tensors ?? []).compactMap { $0.parameterDeclaration.map(ObjectIdentifier.init) })
    let names = model.parameters.filter { parameter in
      parameter.tensor.parameterDeclaration.map { own.contains(ObjectIdentifier($0)) } ?? false
    }.map(\.name)
    require(
      !names.isEmpty, "ParameterSelector: nothing at this key path is a parameter of the model")
    // As text that can be read back where a pattern says the same.
    let beginning = names.dropFirst().reduce(names[0]) { $0.commonPrefix(with: $1) }
    let pattern = ParameterSelector.named(names.count == 1 ? names[0] : "\(beginning)*")
    let others = model.parameters.map(\.name).filter { !names.contains($0) }
    let isExact = others.allSatisfy { !matches($0, pattern.description.components) }
    return isExact
      ? pattern : ParameterSelector(names.joined(separator: "|")) { names.contains($0.name) }
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

  /// What a name cannot have in a tower's text.
  static let excluded = ":;/()"

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
