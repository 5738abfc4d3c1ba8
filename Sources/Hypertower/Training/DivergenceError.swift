/// Training has come to a number that is not finite.
public struct DivergenceError: Error, CustomStringConvertible, Sendable {
  /// Where that began.
  public enum Cause: Sendable, Equatable {
    /// The weights and all hyperparameters are finite, the loss itself overflowed.
    case loss
    /// What a level tunes, from 0: the weights at 0, the hyperparameters of level k − 1 at k.
    case parameters(level: Int)
    /// The gradient of what a level tunes.
    case gradient(level: Int)
  }

  /// The first step in which the loss or a hyperparameter was not finite, from 0; for the weights
  /// after the last step, the number of steps.
  public let step: Int
  public let cause: Cause
  /// The rules of the tower, bottom first.
  let rules: [String]

  /// The level where it began, from 0; nil if that is the loss.
  public var level: Int? {
    switch cause {
    case .loss: nil
    case .parameters(let level), .gradient(let level): level
    }
  }

  public var description: String {
    switch cause {
    case .loss:
      """
      training diverged: the loss is not finite at step \(step); the weights and all \
      hyperparameters are finite, the loss itself overflowed
      """
    case .parameters(level: 0):
      "training diverged: the weights (level 0) and the loss are not finite at step \(step)"
    case .parameters(let level):
      "training diverged: \(parameters(level)) are not finite at step \(step)"
    case .gradient(let level):
      "training diverged: the gradient of \(parameters(level)) is not finite at step \(step)"
    }
  }

  private func parameters(_ level: Int) -> String {
    level == 0
      ? "the weights (level 0)" : "the hyperparameters of \(rules[level - 1]) (level \(level))"
  }
}
