/// Elementwise work over an index space, with reductions along its inner dimensions:
///
/// ```
/// for each i in keptShape:
///   for each stage:
///     for each j in reducedShape: evaluate; fold the stage's reductions; store full outputs
///   store the outputs that depend on i alone
/// ```
package struct LoopNest: Sendable {
  /// What the graph's inputs stand for, by their numbers.
  package enum Input: Hashable, Sendable {
    /// An element of memory; the strides, one for each kept and then each reduced dimension, are
    /// in elements and may be 0.
    case load(Span, strides: [Int])
    /// An element of memory, or 0 where there is none.
    case boundedLoad(BoundedLoad)
    /// An element of a row of a table that another element of memory names.
    case indirectLoad(IndirectLoad)
    /// A random number of the step.
    case random(RandomNumber)
    /// 1 where all bounds hold, else 0.
    case inside([IndexBound])
    /// The index along a dimension, kept dimensions first.
    case coordinate(dimension: Int)
    /// The result of a reduction of an earlier stage.
    case reduction(Int)
  }

  package struct Reduction: Sendable {
    package let kind: Tape.Reduction
    /// The node whose values are folded.
    package let value: Int
    package let stage: Int
  }

  /// Where a node's values go: contiguous, over the kept or, if `isFull`, over all dimensions.
  package struct Output: Sendable {
    package let node: Int
    package let span: Span
    package let isFull: Bool
    /// The stage in which a full output is stored.
    package let stage: Int
  }

  package var keptShape: Shape
  package var reducedShape: Shape
  package var inputs: [Input] = []
  package var graph = ScalarGraph()
  package var reductions: [Reduction] = []
  package var outputs: [Output] = []

  package var stageCount: Int {
    let stages =
      reductions.map { $0.stage + 1 } + outputs.filter(\.isFull).map { $0.stage + 1 }
    return stages.max() ?? 0
  }
}

/// A random number, uniform in [0, 1): the upper 24 bits of the first word of Philox4x32-10, as a multiple of
/// 2⁻²⁴, for the key that the seed is and the counter (index, step, call, 0x72616E64).
package struct RandomNumber: Hashable, Sendable {
  /// As in `TowerLayout.Counter`: the step's number and the seed.
  package let counters: Span
  /// Which of a step's tensors of random numbers it is in.
  package let call: Int
  /// The element's place there.
  package var index: IndexExpression

  /// What tells random numbers of steps from others that are drawn from the same seed.
  package static let purpose: UInt32 = 0x7261_6E64
}
