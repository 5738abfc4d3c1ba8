/// The course of a hyperparameter's value over the steps of a run: a formula with its arguments.
struct ScheduleCurve: Sendable {
  let formula: ScheduleFormula
  /// Those that were given; all others have their defaults.
  let arguments: [String: Double]

  private func argument(_ name: String) -> Double {
    guard
      let value = arguments[name]
        ?? formula.arguments.first(where: { $0.name == name })?.defaultValue
    else { fatalError("\(formula.name): has no \(name)") }
    return value
  }

  /// The value in a step.
  ///
  /// - Parameters:
  ///   - value: what the course is made from.
  ///   - step: the number of the step, from 1 on.
  ///   - plannedSteps: the run's length; nil for a formula that does not follow it.
  func value(of value: Expression, step: Expression, plannedSteps: Expression?) -> Expression {
    let warmup = Expression.constant(argument(ScheduleFormula.warmup.name))
    // Later steps are as the last one.
    let step = plannedSteps.map { step.atMost($0) } ?? step
    let curve = formula.value(
      .init(
        value: value, done: (step - 1 - warmup).atLeast(0),
        count: plannedSteps.map { ($0 - warmup).atLeast(1) } ?? 0, argument: argument))
    guard argument(ScheduleFormula.warmup.name) > 0 else { return curve }
    return .select(step.isLess(than: warmup), curve * (step / warmup), curve)
  }

  /// The same of numbers.
  func value(of value: Double, step: Int, plannedSteps: Int?) -> Double {
    self.value(
      of: .constant(value), step: .constant(Double(step)),
      plannedSteps: formula.followsLength ? .constant(Double(plannedSteps ?? 1)) : nil
    ).constantValue
  }

  /// The first fault of the arguments, in words; nil if there is none.
  ///
  /// - Parameter domain: that of the hyperparameter.
  func fault(in domain: HyperparameterDomain) -> String? {
    for own in formula.arguments {
      guard let value = arguments[own.name] ?? own.defaultValue else {
        return "\(formula.name): '\(own.name)' is missing, as in "
          + "\(formula.name)(0.1, \(own.name)=500)"
      }
      // A default is what a course comes near, and never at.
      if value != own.defaultValue, let fault = own.fault(value, in: domain) {
        return "\(formula.name): \(own.name) = \(shortText(value)) is out of range; \(fault)"
      }
    }
    return nil
  }

  /// The course as a tower's text has it, with the text of the value, if there is one.
  func text(of value: String?) -> String {
    let given = formula.arguments.compactMap { own in
      arguments[own.name].map { "\(own.name)=\(shortText($0))" }
    }
    return "\(formula.name)(\(((value.map { [$0] } ?? []) + given).joined(separator: ", ")))"
  }
}
