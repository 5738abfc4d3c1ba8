extension Tower: CustomStringConvertible {
  /// The tower as text that `Tower(parsing:)` reads back to the same stored numbers.
  ///
  /// That holds for numbers outside the range in which they make sense, too, such as a learned step
  /// size below 0.
  public var description: String { groups.map(\.description).joined(separator: "; ") }
}

extension UpdateRule: CustomStringConvertible {
  /// The rule as text: its first hyperparameter, then by name what differs from its default.
  public var description: String {
    var arguments: [String] = []
    for (index, own) in hyperparameters.enumerated() {
      let text = own.text
      // Where tensors have values of their own, the shared one speaks only if it says something.
      if index == 0, tensorValues.isEmpty || !own.hasDefaultValue {
        arguments.append(text)
      } else if index > 0, !own.hasDefaultValue {
        arguments.append("\(own.name)=\(text)")
      }
    }
    for own in constants {
      let value = own.isFlag ? "\(own.value != 0)" : shortText(own.value)
      let text = own.curve.map { $0.text(of: value) } ?? value
      arguments.append("\(own.name)=\(text)")
    }
    for (name, value) in tensorValues.sorted(by: { $0.key < $1.key }) {
      guard let own = hyperparameter(of: name) else { continue }
      // Where the definition has one set for all, these values say that each tensor has its own.
      if definition.granularity == .shared || !own.domain.stores(value, sameAs: own.value) {
        arguments.append("\(name)=\(own.domain.text(for: value))")
      }
    }
    return "\(name)(\(arguments.joined(separator: ", ")))"
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
