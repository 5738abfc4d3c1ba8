import ArgumentParser
import Hypertower

/// What a run has besides its tower.
struct AdditionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Lower the step size before the first step so far that it promises at most this share of the loss; \
      none: take it as it is. Default: \(standardFirstStep) with the tower that needs no tuning, where \
      --optimizer is not given, and in experiment untuned; else none.
      """, valueName: "share|none"),
    transform: firstStep)
  var firstStep: Choice<Double>?

  @Option(
    help: ArgumentHelp(
      """
      Test and save an average of the weights over the steps: polynomial (the last ninth, about), \
      ema(0.999), or none. Default: polynomial with the tower that needs no tuning, where --optimizer is \
      not given, and in experiment untuned; else none.
      """, valueName: "average"),
    transform: average)
  var average: Choice<WeightAverage>?

  /// The options that were given, in their order.
  var given: [String] {
    [("--first-step", firstStep != nil), ("--average", average != nil)].filter(\.1).map(\.0)
  }

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

  /// A tower with these additions.
  ///
  /// - Parameter isStandard: whether it is the one that `train` has without `--optimizer`, whose additions
  ///   are the default then.
  func optimization(_ tower: Tower, isStandard: Bool) -> Optimization {
    Optimization(
      tower: tower,
      firstStep: firstStep.map(\.value) ?? (isStandard ? Self.standardFirstStep : nil),
      average: average.map(\.value) ?? (isStandard ? Self.standardAverage : nil))
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
  var firstStep: Double?
  /// What is tested and saved; nil: the weights of now.
  var average: WeightAverage?
}

extension Optimization: CustomStringConvertible {
  /// The tower and what it has besides: `adam(0.001) / kesten(1), first step 0.001, average polynomial`.
  var description: String {
    "\(tower)" + (firstStep.map { ", first step \($0)" } ?? "")
      + (average.map { ", average \($0)" } ?? "")
  }
}
