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

  @Option(
    name: .customLong("optimizer-from"),
    help: ArgumentHelp(
      """
      Take the tower, with what it has learned, from the log of a run that has come to its end, from a checkpoint, or \
      from the newest of a folder.
      """, valueName: "file|folder"), completion: .file())
  var source: String?

  @Flag(
    help: """
      Of the tower of --optimizer-from take the bottom rule alone, whose hyperparameters then stay as they were learned.
      """)
  var fixed = false

  @OptionGroup var additions: AdditionOptions

  /// The options for the tower that were given, in their order.
  var given: [String] {
    [
      ("--optimizer", notation != nil), ("--optimizer-from", source != nil), ("--fixed", fixed),
    ].filter(\.1).map(\.0) + additions.given
  }

  func validate() throws {
    if notation != nil && source != nil {
      throw ValidationError("--optimizer and --optimizer-from exclude each other: give one of them")
    }
    if fixed && source == nil {
      throw ValidationError("--fixed is for the tower of a run: give it by --optimizer-from")
    }
  }

  /// The tower that was given, or the default.
  ///
  /// - Throws: `InputError`.
  func optimization() throws -> Optimization {
    guard let source else {
      return additions.optimization(
        try notation.map { try Self.given($0) } ?? Self.tower(ModelKind.defaultTower),
        isStandard: notation == nil)
    }
    let learned = try LearnedTower.tower(from: source)
    let tower = fixed ? learned.bottom : learned
    Console.warn("\(source): going on with \(tower)")
    return additions.optimization(tower, isStandard: false)
  }

  /// The tower that an `--optimizer` of the command line or a settings file describes.
  ///
  /// - Throws: `InputError(.usage)` that names the option.
  static func given(_ notation: String) throws -> Tower {
    do {
      return try tower(notation)
    } catch let error as InputError {
      throw InputError(error.kind, "--optimizer: \(error.message)")
    }
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
