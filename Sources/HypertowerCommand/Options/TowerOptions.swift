import ArgumentParser
import Hypertower

/// A tower as written on the command line, read when the command runs.
///
/// Reading it there keeps the marked-up message of a fault in one piece.
struct TowerOptions: ParsableArguments {
  @Option(
    name: .customLong("optimizer"),
    help: ArgumentHelp(
      "The tower, bottom level first, such as \"sgd(0.01) / adam()\".",
      discussion: """
        Known are \(RuleDefinition.standard.map(\.name).joined(separator: ", ")). In parentheses \
        stand the step size and then name=value, as in sgd(0.01, momentum=0.9).
        """,
      valueName: "tower"))
  var notation = "adam_alpha() / adam()"

  func tower() throws -> Tower { try Tower(parsing: notation) }
}
