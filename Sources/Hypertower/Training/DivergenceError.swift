/// Training, or an evaluation, has come to a number that is not finite.
public struct DivergenceError: Error, CustomStringConvertible, Sendable {
  /// Where that began.
  public enum Cause: Sendable, Equatable {
    /// Only the loss is not finite: it overflowed, or the data are not finite.
    case loss
    /// What a level tunes, from 0: the weights at 0, the hyperparameters of level k − 1 at k.
    case parameters(level: Int)
    /// The gradient of what a level tunes; for level 1 perhaps that of the weights, from which it comes
    /// and which later steps overwrite.
    case gradient(level: Int)
    /// Numbers overflow when the model is evaluated, although the weights are finite.
    case evaluation
  }

  /// The first step in which the loss or a hyperparameter was not finite, from 0; for the weights
  /// after the last step, the number of steps.
  public let step: Int
  /// What was not finite first, as far as that can be told.
  public let cause: Cause
  /// The rules of the tower, bottom first.
  let rules: [String]
  /// The group of parameters whose tower that is; nil where there are no groups.
  let group: String?
  /// What else there is to say.
  package var note: String?

  /// The level where it began, from 0; nil if that is the loss or an evaluation.
  public var level: Int? {
    switch cause {
    case .loss, .evaluation: nil
    case .parameters(let level), .gradient(let level): level
    }
  }

  public var description: String { note.map { "\(summary); \($0)" } ?? summary }

  private var summary: String {
    switch cause {
    case .evaluation:
      """
      numbers overflow in the model after step \(step) although all weights are finite: its results \
      mean nothing
      """
    case .loss:
      """
      training diverged: the loss is not finite at step \(step); the weights and all \
      hyperparameters are finite: the loss itself overflowed, or the data are not finite
      """
    case .parameters(let level):
      "training diverged: \(parameters(level)) are not finite at step \(step)"
    case .gradient(level: 1):
      """
      training diverged: the gradient of \(parameters(1)), or that of the weights, is not finite at \
      step \(step)
      """
    case .gradient(let level):
      "training diverged: the gradient of \(parameters(level)) is not finite at step \(step)"
    }
  }

  private var ofGroup: String { group.map { " of the group '\($0)'" } ?? "" }

  private func parameters(_ level: Int) -> String {
    level == 0
      ? "the weights"
      : "the hyperparameters of \(rules[level - 1]) (level \(level - 1)\(ofGroup))"
  }
}
