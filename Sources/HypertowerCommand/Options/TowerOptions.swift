import ArgumentParser
import Hypertower

/// A tower as written on the command line, read when the command runs.
///
/// Reading it there keeps the marked-up message of a fault in one piece.
struct TowerOptions: ParsableArguments {
  @Option(
    name: .customLong("optimizer"),
    help: ArgumentHelp(
      "The tower, bottom level first; default: \(standard).",
      discussion: """
        Known are \(RuleDefinition.standard.map(\.name).joined(separator: ", ")). In parentheses \
        stand the step size and then name=value, as in sgd(0.01, momentum=0.9).
        """,
      valueName: "tower"))
  var notation: String?

  static let standard = "adam_alpha() / adam()"

  /// The tower that `notation` describes; values outside the ranges that make sense are told in
  /// warnings.
  ///
  /// - Throws: `InputError(.usage)`.
  static func tower(_ notation: String) throws -> Tower {
    let tower = try Tower(parsing: notation)
    for value in tower.unusualValues { Console.warn("\(value); going on with it") }
    return tower
  }
}
