extension Tower: CustomStringConvertible {
  /// The tower as text that `Tower(parsing:)` reads back to the same stored numbers.
  ///
  /// That holds for numbers outside the range in which they make sense, too, such as a learned step
  /// size below 0.
  public var description: String { groups.map(\.description).joined(separator: "; ") }
}

extension UpdateRule: CustomStringConvertible {
  /// The rule as text, between its transforms: its first hyperparameter, then by name what differs from its default.
  public var description: String {
    definition.elements.enumerated().map { "\($1)(\(arguments(of: $0)))" }
      .joined(separator: " | ")
  }

  /// The arguments of one of the definition's elements.
  private func arguments(of element: Int) -> String {
    var arguments: [String] = []
    let isRule = element == definition.transforms.before.count
    for (index, own) in hyperparameters.filter({ $0.element == element }).enumerated() {
      let text = own.text
      // Where tensors have values of their own, the shared one speaks only if it says something.
      let isFirst = index == 0 && (isRule || own.name == definition.elements[element])
      if isFirst, tensorValues.isEmpty || !own.hasDefaultValue {
        arguments.append(text)
      } else if !isFirst, !own.hasDefaultValue {
        arguments.append("\(own.name)=\(text)")
      }
    }
    for own in constants where own.element == element {
      let value = own.isFlag ? "\(own.value != 0)" : shortText(own.value)
      let text = own.curve.map { $0.text(of: value) } ?? value
      if own.name == definition.elements[element] {
        arguments.insert(text, at: 0)
      } else {
        arguments.append("\(own.name)=\(text)")
      }
    }
    for (name, value) in tensorValues.sorted(by: { $0.key < $1.key }) {
      guard let own = hyperparameter(of: name), own.element == element else { continue }
      // Where the definition has one set for all, these values say that each tensor has its own.
      if definition.granularity == .shared || !own.domain.stores(value, sameAs: own.value) {
        arguments.append("\(name)=\(own.domain.text(for: value))")
      }
    }
    return arguments.joined(separator: ", ")
  }
}

extension UpdateRule.Hyperparameter {
  /// Its value as a tower's text has it, or its schedule.
  var text: String {
    let value = domain.text(for: value)
    return curve.map { $0.text(of: value) } ?? value
  }

  /// Its schedule as a tower's text has it; nil if it has none.
  package var scheduleText: String? { curve.map { _ in text } }

  /// Whether leaving it out of a tower's text gives the same stored number, at every step.
  fileprivate var hasDefaultValue: Bool {
    curve != nil ? false : defaultValue.map { domain.stores(value, sameAs: $0) } ?? false
  }
}
