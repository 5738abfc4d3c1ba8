/// What lowers the step sizes of the bottom rule so far that the next step promises at most a share of the
/// loss, to first order: in the first step, and after step sizes were changed from outside.
///
/// With d = −∂p/∂α of the step that is about to be made: where Σ α·⟨g, d⟩ over all step sizes α exceeds
/// share·|loss|, all α are multiplied by share·|loss| / Σ α·⟨g, d⟩.
package struct StepLimit: Sendable {
  package let share: Double
  /// A step size of the bottom rule.
  package struct LearningRate: Sendable {
    /// Which of the rule's hyperparameters it is.
    package let hyperparameter: Int
    /// Its natural value, a node of `graph`, and the derivative of that by the raw value.
    package let natural: Int
    package let slope: Int
    /// The raw value that stands for another natural value.
    package let raw: Int
  }

  /// Functions of the inputs `rawInput` and `naturalInput`.
  package let graph: ScalarGraph
  package static let rawInput = 0
  package static let naturalInput = 1
  package let learningRates: [LearningRate]

  init(share: Double, rule: UpdateRule) throws {
    self.share = share
    var graph = ScalarGraph()
    learningRates = rule.hyperparameters.enumerated().filter(\.element.isLearningRate).map {
      number, own in
      let recorder = ExpressionRecorder()
      recorder.graph = graph
      let raw = recorder.input(Self.rawInput)
      let input = raw.index(in: recorder)
      let natural = own.domain.natural(raw).index(in: recorder)
      let newRaw = own.domain.raw(recorder.input(Self.naturalInput)).index(in: recorder)
      graph = recorder.graph
      let slope = graph.derivatives(of: natural, withRespectTo: [input])[0]
      return LearningRate(hyperparameter: number, natural: natural, slope: slope, raw: newRaw)
    }
    self.graph = graph
    guard !learningRates.isEmpty else {
      throw InputError(
        .usage, "\(rule.name): marks no step size that the first step could lower")
    }
  }
}
