import ArgumentParser
import Hypertower

/// A tower as written on the command line, and what goes with it.
///
/// The tower is read when the command runs, which keeps the marked-up message of a fault in one piece.
struct TowerOptions: ParsableArguments {
  @Option(
    name: .customLong("optimizer"),
    help: ArgumentHelp(
      """
      The tower, bottom level first; default: \(ModelKind.defaultTower), which needs no tuning.
      """,
      discussion: """
        Known are \(RuleDefinition.standard.map(\.name).joined(separator: ", ")). In parentheses \
        stand the step size and then name=value, as in sgd(0.01, momentum=0.9). What no level tunes may \
        follow a schedule, as in adam(cosine(0.003, warmup=100)). Transforms go around a level: \
        clip_norm(1) | adam() | weight_decay(0.01). Groups of parameters may have towers of \
        their own: "weights: adam() / kesten(); layers.0.*: frozen; else: sgd(0.01)". A group is a kind \
        (\(ParameterKind.allCases.map(\.rawValue).joined(separator: ", "))), a name, in which * stands for \
        any characters, or else, which is the rest; a parameter belongs to the first that takes it.
        """,
      valueName: "tower"))
  var notation: String?

  @OptionGroup var additions: AdditionOptions

  /// The tower that was given, or the default.
  ///
  /// - Throws: `InputError(.usage)`.
  func optimization() throws -> Optimization {
    additions.optimization(
      try Self.tower(notation ?? ModelKind.defaultTower), isStandard: notation == nil)
  }

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
