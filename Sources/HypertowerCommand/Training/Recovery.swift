import Glibc
import Hypertower

/// Brings a run that has diverged back to its last good state, with a smaller step size.
final class Recovery {
  /// After how many steps the state to go back to is kept; nil: after each epoch.
  let interval: Int?

  /// How often a run is brought back at most.
  static let limit = 5
  /// What the bottom rule's step size is multiplied with.
  private static let factor = 0.1

  private var good: Trainer.Snapshot?
  private var restores = 0
  private var restoresOfState = 0

  init(every interval: Int?) { self.interval = interval }

  /// Keeps where the trainer stands, which must be finite.
  func keep(_ trainer: Trainer) throws {
    try trainer.checkFinite()
    good = try trainer.snapshot()
    restoresOfState = 0
  }

  /// Goes back to the state that was kept last, and says so; rethrows `error` if that was done often
  /// enough, or no step size could be made smaller.
  func restore(_ trainer: Trainer, after error: DivergenceError) throws {
    guard let good, restores < Self.limit else { throw error }
    guard trainer.hasLearningRate else {
      var error = error
      error.note =
        "the run cannot be restored: \(try bottom(of: trainer)) marks no step size that could be made smaller"
      throw error
    }
    restores += 1
    restoresOfState += 1
    try trainer.restore(good)
    let before = try bottom(of: trainer)
    try trainer.scaleLearningRate(by: pow(Self.factor, Double(restoresOfState)))
    Console.warn(
      "\(error); going back to step \(trainer.stepCount) and from \(before) to "
        + "\(try bottom(of: trainer)) (\(restores) of at most \(Self.limit) times)")
  }

  /// The bottom rule, or those of all groups that move.
  private func bottom(of trainer: Trainer) throws -> String {
    try trainer.tower.groups.filter { !$0.isFrozen }.map { group in
      (group.selector.map { "\($0): " } ?? "") + "\(group.levels[0])"
    }.joined(separator: "; ")
  }
}
