/// Some of a model's parameters, and the tower that moves them.
///
/// ```swift
/// let tower = Tower(groups: [
///   ParameterGroup(.kind(.weights), Adam() / Kesten()),
///   ParameterGroup(.named("layers.0.*"), .frozen),
///   ParameterGroup(.others, SGD(0.01)),
/// ])
/// ```
///
/// As text that is `weights: adam() / kesten(); layers.0.*: frozen; else: sgd(0.01)`.
public struct ParameterGroup: Sendable {
  /// Which parameters it has, of those that no earlier group has; nil: all, of a tower without groups.
  public let selector: ParameterSelector?
  /// The rules, bottom first: each is tuned by the next. Empty where the parameters stay as they are.
  public let levels: [UpdateRule]

  /// Whether the parameters stay as they are.
  public var isFrozen: Bool { levels.isEmpty }

  /// What does not move parameters.
  public enum Frozen: Sendable {
    /// As in `ParameterGroup(.kind(.embeddings), .frozen)`.
    case frozen
  }

  /// - Precondition: `optimizer` has no groups of its own.
  public init(_ selector: ParameterSelector, _ optimizer: some Optimizer) {
    require(
      optimizer.tower.groups.count == 1 && optimizer.tower.groups[0].selector == nil,
      "ParameterGroup: '\(selector)' has groups inside; give each its own tower")
    self.init(selector: selector, levels: optimizer.levels)
  }

  /// Parameters that stay as they are.
  public init(_ selector: ParameterSelector, _: Frozen) {
    self.init(selector: selector, levels: [])
  }

  init(selector: ParameterSelector?, levels: [UpdateRule]) {
    (self.selector, self.levels) = (selector, levels)
  }

  /// The rules as a tower of their own; nil where nothing moves.
  var tower: Tower? { isFrozen ? nil : Tower(levels) }
}

extension Tower {
  /// A tower for each group of a model's parameters: a parameter belongs to the first whose selector takes it.
  ///
  /// - Precondition: there is at least one group that moves, and no two have the same selector.
  public init(groups: [ParameterGroup]) {
    require(groups.contains { !$0.isFrozen }, "Tower: no group moves")
    let names = groups.map { $0.selector?.description ?? "" }
    require(Set(names).count == names.count, "Tower: two groups have the same selector")
    self.groups = groups
  }

  /// The bottom rules with their hyperparameters as they are, which no level tunes.
  public var bottom: Tower {
    Tower(
      groups: groups.map {
        ParameterGroup(selector: $0.selector, levels: Array($0.levels.prefix(1)))
      })
  }

  /// The groups that are not frozen.
  var moving: [ParameterGroup] { groups.filter { !$0.isFrozen } }
}

extension ParameterGroup: CustomStringConvertible {
  /// The group as a tower's text has it.
  public var description: String {
    let text = isFrozen ? "frozen" : levels.map(\.description).joined(separator: " / ")
    return selector.map { "\($0): \(text)" } ?? text
  }
}
