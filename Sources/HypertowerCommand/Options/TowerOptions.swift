import ArgumentParser
import Hypertower

/// A tower as written on the command line, and what goes with it.
///
/// The tower is read when the command runs, which keeps the marked-up message of a fault in one piece.
struct TowerOptions: ParsableArguments {
  @Option(
    name: .customLong("optimizer"),
    help: ArgumentHelp(
      "The tower, bottom level first; default: \(standard), which needs no tuning.",
      discussion: """
        Known are \(RuleDefinition.standard.map(\.name).joined(separator: ", ")). In parentheses \
        stand the step size and then name=value, as in sgd(0.01, momentum=0.9). What no level tunes may \
        follow a schedule, as in adam(cosine(0.003, warmup=100)).
        """,
      valueName: "tower"))
  var notation: String?

  @Option(
    help: ArgumentHelp(
      """
      Lower the step size before the first step so far that it promises at most this share of the loss; \
      none: take it as it is. Default: \(standardFirstStep) without --optimizer, else none.
      """, valueName: "share|none"),
    transform: firstStep)
  var firstStep: Choice<Double>?

  @Option(
    help: ArgumentHelp(
      """
      Test and save an average of the weights over the steps: polynomial (the last ninth, about), \
      ema(0.999), or none. Default: polynomial without --optimizer, else none.
      """, valueName: "average"),
    transform: average)
  var average: Choice<WeightAverage>?

  static let standard = "adam() / kesten()"
  static let standardFirstStep = 1e-3
  static let standardAverage = WeightAverage.polynomial

  /// Something that was chosen, or `none`.
  enum Choice<Value: Sendable>: Sendable {
    case none
    case some(Value)

    var value: Value? {
      if case .some(let value) = self { value } else { nil }
    }
  }

  /// The tower that was given, or the one that needs no tuning.
  ///
  /// - Throws: `InputError(.usage)`.
  func optimization() throws -> Optimization {
    let isStandard = notation == nil
    return Optimization(
      tower: try Self.tower(notation ?? Self.standard),
      firstStep: firstStep.map(\.value) ?? (isStandard ? Self.standardFirstStep : nil),
      average: average.map(\.value) ?? (isStandard ? Self.standardAverage : nil))
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

  private static func firstStep(_ text: String) throws -> Choice<Double> {
    if text == "none" { return .none }
    guard let share = Double(text), Float(share) > 0, share.isFinite else {
      throw ValidationError(
        "'\(text)' is neither none nor a number greater than 0, in float32 as well")
    }
    return .some(share)
  }

  private static func average(_ text: String) throws -> Choice<WeightAverage> {
    if text == "none" { return .none }
    guard let average = WeightAverage(parsing: text) else {
      throw ValidationError(
        "'\(text)' is not known; known are polynomial, ema(DECAY) with a decay between 0 and 1, and none"
      )
    }
    return .some(average)
  }
}

/// What moves the weights, and which weights are tested.
struct Optimization {
  let tower: Tower
  /// The share of the loss that the first step promises at most; nil: no limit.
  let firstStep: Double?
  /// What is tested and saved; nil: the weights of now.
  let average: WeightAverage?
}
