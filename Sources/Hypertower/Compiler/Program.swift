/// A sequence of device operations with fixed shapes, compiled once and replayed.
///
/// Every backend executes every instruction; the CPU backend's loops say what they mean.
package struct Program: Sendable {
  package var instructions: [Instruction] = []
  /// What the program's buffers hold and how much, by their numbers.
  package var buffers: [BufferDescription] = []
  /// Whether a backend may put instructions together into launches; off, each is one of its own.
  package var fuses = true

  package init() {}

  /// Adds a buffer that whoever prepares the program brings, and returns its number.
  ///
  /// - Parameter isSparse: see `BufferDescription`; default: false.
  package mutating func addBuffer(
    _ type: ElementType, count: Int, isSparse: Bool = false
  ) -> Int {
    buffers.append(
      BufferDescription(type: type, count: count, isTemporary: false, isSparse: isSparse))
    return buffers.count - 1
  }

  /// Adds a buffer for an intermediate result, whose memory is the backend's business, and returns its
  /// number.
  ///
  /// - Parameters:
  ///   - type: default: `.real`.
  ///   - isSparse: see `BufferDescription`; default: false.
  package mutating func addTemporary(
    _ type: ElementType = .real, count: Int, isSparse: Bool = false
  ) -> Int {
    buffers.append(
      BufferDescription(type: type, count: count, isTemporary: true, isSparse: isSparse))
    return buffers.count - 1
  }
}

/// The kinds of numbers that device memory holds.
package enum ElementType: Sendable, Hashable {
  /// The backend's floating-point type: float32, or float64 on `cpu64`.
  case real
  case int32
  case byte
}

package struct BufferDescription: Sendable, Hashable {
  package let type: ElementType
  package let count: Int
  /// Whether its contents matter only while the program runs.
  package internal(set) var isTemporary: Bool
  /// Whether so many elements are zeros that a product does better to look for them in its left operand.
  package var isSparse = false
}

/// A contiguous run of elements in a buffer, from `offset` on.
package struct Span: Hashable, Sendable {
  package var buffer: Int
  package var offset: Int
  /// How much further it begins in each pass of the loop that the instruction is in.
  package var step = 0

  package init(buffer: Int, offset: Int = 0, step: Int = 0) {
    self.buffer = buffer
    self.offset = offset
    self.step = step
  }

  /// The same so many elements further.
  func advanced(by count: Int) -> Span {
    Span(buffer: buffer, offset: offset + count, step: step)
  }
}

/// One kind of device operation.
package enum Instruction: Sendable {
  case loopNest(LoopNest)
  case matrixProduct(MatrixProduct)
  case scatterAdd(ScatterAdd)
  case attention(BlockwiseAttention)
  case attentionGradient(BlockwiseAttentionGradient)
  case gatherBatch(BatchGather)
  /// Adds 1 to an int32.
  case increment(Span)
  case projectGradient(GradientProjection)
  case walkTower(TowerWalk)
  case updateParameters(ParameterUpdate)
  case loop(Loop)
  case allReduce(AllReduce)
}

/// Loop nests, products, scatters and attention, repeated `count` times; in pass i each span lies i · `Span.step`
/// elements further.
package struct Loop: Sendable {
  package let count: Int
  package let body: [Instruction]
}

/// Adds up what all shards of a batch have, in the order of the shards, and hands the sum to each.
///
/// A host point: whoever prepares a program divides it there, and no backend ever sees the instruction. It stands in
/// no loop.
package struct AllReduce: Sendable, Hashable {
  package let count: Int
  /// What a shard has.
  package let values: Span
  package let sum: Span
}

/// Adds rows of values up, for each matrix by itself:
///
/// result[r, …] = Σ values[i, …] over the i with indices[i] = r, in their order
///
/// An index that is no whole number in 0..<rows is left out.
package struct ScatterAdd: Sendable {
  package let matrices: Int
  /// The number of rows of a result.
  package let rows: Int
  package let width: Int
  /// The number of rows that are added up.
  package let count: Int
  /// `[matrices, count, width]`.
  package var values: Span
  /// `[matrices, count]`.
  package var indices: Span
  /// `[matrices, rows, width]`.
  package var result: Span

  package init(
    matrices: Int, rows: Int, width: Int, count: Int, values: Span, indices: Span, result: Span
  ) {
    (self.matrices, self.rows, self.width, self.count) = (matrices, rows, width, count)
    (self.values, self.indices, self.result) = (values, indices, result)
  }
}

/// Copies the rows of a batch out of a data set in device memory.
///
/// The batch's number is `counter % batchesPerEpoch`, the epoch's `counter / batchesPerEpoch`; the
/// batch starts at row number · `stride`. Elements become reals, divided by `divisor` in float32.
package struct BatchGather: Sendable {
  /// Rows of `width` elements, from a data set's buffer to the program's memory.
  package struct Source: Sendable {
    package let from: Span
    package let type: ElementType
    package let to: Span
    package let width: Int
    package let divisor: Float
    /// How many elements further rows begin in an epoch; nil: none.
    package var epochOffset: EpochOffset?

    /// The elements that the rows of `samples` samples lie in, in any epoch.
    func reach(_ samples: Int) -> Int {
      samples * width + (epochOffset.map { $0.limit - 1 } ?? 0)
    }
  }

  package var sources: [Source]
  /// The batch's number, an int32; behind it, where samples are shuffled or begin at an offset, the lower and
  /// the upper half of the seed.
  package var counter: Span
  package var batchSize: Int
  package var stride: Int
  package var batchesPerEpoch: Int
  package var sampleCount: Int
  /// The order of an epoch's samples: file order if nil.
  package var permutation: IndexPermutation?

  /// How many int32 numbers are read from `counter` on.
  var counterCount: Int {
    permutation == nil && sources.allSatisfy { $0.epochOffset == nil } ? 1 : 3
  }
}

/// The sums that make hypergradients of gradients: for each row of one tensor of the bottom level's
/// parameters and each of its rule's hyperparameters, Σ ∂p/∂h · gradient over the row, where ∂p/∂h is
/// that of the step before, computed again from what that step started from; and the squares that
/// `TowerLayout.sumCount` lists.
///
/// In the first step: zeros or, if that is limited, the sums with ∂p/∂h of the step to be made. Without
/// levels above, later sums hold anything.
///
/// A backend may put the sum of several rows into the place of the first, and zeros into the others'.
package struct GradientProjection: Sendable {
  package let layout: TowerLayout
  /// The number of the tensor.
  package let tensor: Int
  /// The loss's derivatives by the parameters of now.
  package let gradient: Span
  /// What the step before started from; nil without levels above, or where derivatives are stored.
  package let previous: UpdateInputs?
  /// The derivatives of the step before, where they are stored: an array of the arena's size for each
  /// hyperparameter, without the factors that all parameters of a tensor share.
  package let derivatives: Span?
  /// What this step starts from, if steps are limited or the rule has sums of its own.
  package let current: UpdateInputs?
  package let values: Span
  package let counters: Span
  /// `[TowerLayout.sumCount, rows of all tensors]`.
  package let partialSums: Span

  package var entry: ParameterLayout.Entry { layout.parameters.entries[tensor] }
}

/// What a step of the bottom rule starts from, besides hyperparameters.
package struct UpdateInputs: Sendable {
  package let gradient: Span
  /// One array of the arena's size after another, a state each.
  package let states: Span
  /// The parameters before the step, if the rule's derivatives depend on them.
  package let parameters: Span?
}

/// One step of all levels above the bottom one, up with the gradients and down with the
/// adjustments, and the record of the step.
package struct TowerWalk: Sendable {
  package let layout: TowerLayout
  /// The numbers of `layout.values`.
  package let values: Span
  /// The int32 counters of `TowerLayout.Counter`.
  package let counters: Span
  package let partialSums: Span
  /// The batch's loss, one real.
  package let loss: Span
  /// The records of the latest steps, `[records, recordSize]`: the loss, and from `recordOffset` on the
  /// hyperparameters.
  package let records: Span
  package let recordCapacity: Int
  package let recordSize: Int
  package let recordOffset: Int
  /// Which of a program's walks it is: those of the groups' towers come first.
  package var number: Int
  /// Whether the step ends with it; else the towers of other groups follow.
  package let isLast: Bool
  /// Whether it does nothing but this: where the step is limited, take the sums and the uniform values that the
  /// derivatives depend on which the limit asks for. The walk itself follows.
  package var preparesLimit = false
}

/// One step of the bottom level: the rule applied to every parameter.
package struct ParameterUpdate: Sendable {
  package let layout: TowerLayout
  package let parameters: Span
  package let gradient: Span
  /// One array of the arena's size after another, a state each.
  package let states: Span
  /// Where the states after the step go; may be where they come from.
  package let nextStates: Span
  /// The average of the parameters, if one is kept.
  package let average: Span?
  /// Where the derivatives by the hyperparameters go, where they are stored.
  package let derivatives: Span?
  /// Where the parameters before the step go, if anything wants them.
  package let previousParameters: Span?
  package let values: Span
  package let counters: Span
}
