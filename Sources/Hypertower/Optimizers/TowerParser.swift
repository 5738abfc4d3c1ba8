/// A reader of the text form of towers, by recursive descent over its characters.
///
/// ```
/// groups   := tower | group (';' group)* [';']
/// group    := selector ':' (tower | 'frozen')
/// tower    := level ('/' level)*
/// level    := (transform '|')* rule ('|' transform)*
/// rule     := name [ '(' [argument (',' argument)*] ')' ], and so is a transform
/// argument := value | name '=' (value | 'true' | 'false')
/// value    := number | schedule '(' number (',' name '=' number)* ')'
/// ```
///
/// A schedule is named as `ScheduleFormula.all` says.
///
/// A selector is a kind of parameters, `else` as the last one, or a parameter's name with any characters but spaces
/// and `:;/()`, where `*` stands for any; in quotes, it is a name as it is.
///
/// An argument's name may begin with that of a tensor, as in `layers.0.weight_alpha`: it may have any
/// characters but spaces and `,()=/`.
struct TowerParser {
  /// More than any text that is meant: a tower of 1,000 levels with every argument has 100,000.
  static let longestText = 1 << 20
  static let mostLevels = 4096

  let text: SourceText
  private let rules: [String: RuleDefinition]
  private let ruleNames: [String]
  var position = 0

  init(_ text: String, rules: [RuleDefinition]) throws {
    guard text.utf8.count <= Self.longestText else {
      throw InputError(
        .usage,
        "tower: the text has \(text.utf8.count) bytes; at most \(Self.longestText) are read")
    }
    self.text = SourceText(text)
    self.rules = Dictionary(rules.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    var seen: Set<String> = []
    ruleNames = rules.map(\.name).filter { seen.insert($0).inserted }
  }

  mutating func parse() throws -> [ParameterGroup] {
    skipSpaces()
    guard next != nil else { throw fault("empty; write an optimizer, such as sgd(0.01)") }
    guard let first = try selector(after: []) else {
      return [ParameterGroup(selector: nil, levels: try levels(inGroup: false))]
    }
    return try groups(from: first)
  }

  /// Levels up to the end of the text or, in a group, up to ';'.
  mutating func levels(inGroup: Bool) throws -> [UpdateRule] {
    var levels: [Level] = []
    while true {
      if levels.count == Self.mostLevels {
        throw fault("more than \(Self.mostLevels) levels")
      }
      let level = try level()
      levels.append(level)
      skipSpaces()
      guard let character = next, !inGroup || character != ";" else { break }
      guard character == "/" else {
        let others = inGroup ? ", or ';' and the next group" : ""
        throw fault("expected '/' and the next level\(others), found \(foundHere)")
      }
      position += 1
      skipSpaces()
    }
    try check(levels)
    return levels.map(\.rule)
  }

  /// Checks that the levels go together.
  private func check(_ levels: [Level]) throws {
    var lower: UpdateRule?
    for (k, level) in levels.enumerated() {
      let upper = k + 1 < levels.count ? levels[k + 1].rule : nil
      let rule: UpdateRule
      do {
        rule = try level.rule.inTower(above: lower, below: upper)
      } catch let error as InputError {
        throw fault(error.message, at: level.start)
      }
      if let (argument, reason) = rule.valueThatCannotBeTuned(by: upper) {
        let culprit = level.arguments.first { $0.name == argument }
        throw fault(reason, at: culprit?.position ?? level.start)
      }
      lower = rule
    }
  }

  // MARK: - Levels

  /// An argument as written; without a name it is the first hyperparameter.
  private struct Argument {
    let name: String
    let value: HyperparameterSchedule
    let position: Int
  }

  /// A rule and where it is written.
  private struct Level {
    let rule: UpdateRule
    let start: Int
    let arguments: [Argument]
  }

  /// A rule with its transforms before and after it.
  private mutating func level() throws -> Level {
    let start = position
    var (base, arguments): (RuleDefinition?, [Argument]) = (nil, [])
    var (before, after) = ([Transform](), [Transform]())
    while true {
      let place = position
      guard let name = identifier() else {
        throw fault("expected the name of an optimizer, found \(foundHere)")
      }
      if let transform = Transform.standard.first(where: { $0.name == name }) {
        try check(transform, isBeforeRule: base == nil, at: place)
        if (before + after).contains(where: { $0.name == name }) {
          throw fault("'\(name)' is given twice", at: place)
        }
        if transform.isBeforeRule { before.append(transform) } else { after.append(transform) }
        arguments += try checkedArguments(of: transform.arguments, first: name, at: place)
      } else {
        let definition = try definition(name, at: place)
        if let base {
          throw fault(
            "a level has one rule, and '\(name)' is another after '\(base.name)'; '/' stacks levels",
            at: place)
        }
        base = definition
        let first = try definition.rule().hyperparameters.first?.name
        arguments += try checkedArguments(of: definition, first: first, at: place)
      }
      skipSpaces()
      guard take("|") else { break }
      skipSpaces()
    }
    guard let base else {
      throw fault(
        "'\(before[0].name)' changes gradients for a rule after it, as in \(before[0].name)() | adam()",
        at: start)
    }
    do {
      let definition =
        before.isEmpty && after.isEmpty ? base : try base.transformed(before: before, after: after)
      let values = arguments.map { ($0.name, $0.value) }
      return Level(
        rule: try definition.rule(scheduled: Dictionary(values) { $1 }), start: start,
        arguments: arguments)
    } catch let error as InputError {
      throw fault(error.message, at: start)
    }
  }

  private func definition(_ name: String, at start: Int) throws -> RuleDefinition {
    if let definition = rules[name] { return definition }
    if name == Self.frozen {
      throw fault(
        "'frozen' stands alone, after the selector of a group, as in biases: frozen", at: start)
    }
    if let kind = (ParameterKind.allCases.map(\.rawValue) + [ParameterSelector.otherName]).first(
      where: { $0 == name })
    {
      throw fault(
        "'\(kind)' selects a group of parameters, so a colon follows it, as in \(kind): adam()",
        at: start)
    }
    let names = ruleNames + Transform.standard.map(\.name)
    let suggestion = nearMiss(of: name, among: names).map { "; did you mean '\($0)'?" } ?? ";"
    throw fault(
      "unknown optimizer '\(name)'\(suggestion) known are \(ruleNames.joined(separator: ", "))",
      at: start)
  }

  private func check(_ transform: Transform, isBeforeRule: Bool, at start: Int) throws {
    guard transform.isBeforeRule != isBeforeRule else { return }
    throw fault(
      transform.isBeforeRule
        ? "'\(transform.name)' changes the gradient, so it stands before the rule, as in "
          + "\(transform.name)() | adam()"
        : "'\(transform.name)' changes the step, so it stands after the rule, as in "
          + "adam() | \(transform.name)()",
      at: start)
  }

  /// The arguments that stand here, which a rule takes.
  ///
  /// - Parameter first: the name of an argument without one.
  private mutating func checkedArguments(
    of definition: RuleDefinition, first: String?, at start: Int
  ) throws -> [Argument] {
    skipSpaces()
    let arguments = next == "(" ? try arguments(of: definition, first: first) : []
    let values = Dictionary(uniqueKeysWithValues: arguments.map { ($0.name, $0.value) })
    do {
      _ = try definition.rule(scheduled: values)
      return arguments
    } catch let error as InputError {
      // The rule checks its arguments; the first that it refuses by itself is the one to point at.
      let culprit = arguments.first {
        (try? definition.rule(scheduled: [$0.name: $0.value])) == nil
      }
      throw fault(error.message, at: culprit?.position ?? start)
    }
  }

  private mutating func arguments(
    of definition: RuleDefinition, first: String?
  ) throws -> [Argument] {
    position += 1
    var arguments: [Argument] = []
    skipSpaces()
    if take(")") { return arguments }
    while true {
      let argument = try argument(of: definition, first: first, after: arguments)
      if arguments.contains(where: { $0.name == argument.name }) {
        throw fault("\(definition.name): '\(argument.name)' is given twice", at: argument.position)
      }
      arguments.append(argument)
      skipSpaces()
      if take(")") { return arguments }
      guard take(",") else { throw fault("expected ',' or ')', found \(foundHere)") }
      skipSpaces()
    }
  }

  private mutating func argument(
    of definition: RuleDefinition, first: String?, after others: [Argument]
  ) throws -> Argument {
    let start = position
    if let name = argumentName() ?? identifier() {
      skipSpaces()
      if next == "(" {
        position = start
        return try unnamed(of: definition, first: first, after: others)
      }
      guard take("=") else {
        if ["inf", "infinity", "nan"].contains(name.lowercased()) {
          throw fault("expected a finite number, found '\(name)'", at: start)
        }
        throw fault("expected '=' and a number after '\(name)', found \(foundHere)")
      }
      skipSpaces()
      if definition.flags.contains(name) {
        guard let word = identifier(), ["true", "false"].contains(word) else {
          throw fault("\(definition.name): \(name) must be true or false", at: start)
        }
        return Argument(name: name, value: word == "true" ? 1.0 : 0.0, position: start)
      }
      return Argument(name: name, value: try value(), position: start)
    }
    return try unnamed(of: definition, first: first, after: others)
  }

  private mutating func unnamed(
    of definition: RuleDefinition, first: String?, after others: [Argument]
  ) throws -> Argument {
    let start = position
    let value = try value()
    guard others.isEmpty else {
      throw fault("a number without a name may only be the first argument", at: start)
    }
    guard let name = first else {
      throw fault("\(definition.name) takes no number without a name", at: start)
    }
    return Argument(name: name, value: value, position: start)
  }
}
