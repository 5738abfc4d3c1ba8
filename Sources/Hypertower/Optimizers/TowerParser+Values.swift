/// The values of arguments: numbers and schedules.
extension TowerParser {
  /// A number, or a schedule, whose name has a parenthesis behind it.
  mutating func value() throws -> HyperparameterSchedule {
    let start = position
    guard let name = identifier() else { return HyperparameterSchedule(try number()) }
    skipSpaces()
    guard take("(") else {
      position = start
      return HyperparameterSchedule(try number())
    }
    let names = ScheduleFormula.all.map(\.name)
    guard let formula = ScheduleFormula.all.first(where: { $0.name == name }) else {
      let suggestion = nearMiss(of: name, among: names).map { "; did you mean '\($0)'?" } ?? ";"
      throw fault(
        "unknown schedule '\(name)'\(suggestion) known are \(names.joined(separator: ", "))",
        at: start
      )
    }
    skipSpaces()
    let value = try number()
    var arguments: [String: Double] = [:]
    skipSpaces()
    while !take(")") {
      guard take(",") else { throw fault("expected ',' or ')', found \(foundHere)") }
      skipSpaces()
      let place = position
      guard let name = identifier() else {
        throw fault("expected the name of an argument of \(formula.name), found \(foundHere)")
      }
      guard let own = formula.arguments.first(where: { $0.name == name }) else {
        let names = formula.arguments.map(\.name).joined(separator: ", ")
        throw fault(
          "\(formula.name): unknown argument '\(name)'; besides its value it takes \(names)",
          at: place
        )
      }
      guard arguments[name] == nil else {
        throw fault("\(formula.name): '\(name)' is given twice", at: place)
      }
      skipSpaces()
      guard take("=") else {
        throw fault("expected '=' and a number after '\(name)', found \(foundHere)")
      }
      skipSpaces()
      arguments[own.name] = try number()
      skipSpaces()
    }
    return HyperparameterSchedule(value, ScheduleCurve(formula: formula, arguments: arguments))
  }
}
