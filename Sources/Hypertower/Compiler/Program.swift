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
  package let isTemporary: Bool
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
  case gatherBatch(BatchGather)
  /// Adds 1 to an int32.
  case increment(Span)
  case projectGradient(GradientProjection)
  case walkTower(TowerWalk)
  case updateParameters(ParameterUpdate)
  case loop(Loop)
}

/// Loop nests and products, again and again; in pass i each span lies i · `Span.step` elements further.
package struct Loop: Sendable {
  package let count: Int
  package let body: [Instruction]
}

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

/// `[m, k] · [k, n] → [m, n]`, for one pair of matrices after another, followed by elementwise work on the
/// results.
///
/// Sums are taken over blocks of `MatrixProduct.blockSize` terms, which are then added in order:
/// the error grows with the block's length and the number of blocks rather than with k.
///
/// Zeros of a left operand in a sparse buffer may be left out but in the first row: behind it, 0 times
/// an infinity or a NaN may count as 0. All other results are the same, but for the sign of one that
/// underflows to zero.
package struct MatrixProduct: Sendable {
  /// Contiguous matrices, `[rows, columns]`, or `[columns, rows]` where they are transposed, one after another.
  package struct Operand: Hashable, Sendable {
    package let span: Span
    package let isTransposed: Bool

    package init(span: Span, isTransposed: Bool) {
      self.span = span
      self.isTransposed = isTransposed
    }
  }

  /// An element of memory that the epilogue reads at a row and a column.
  package struct Load: Hashable, Sendable {
    package let span: Span
    /// The extents that the results' rows, of all matrices, are numbered in, and the distance along each.
    package let rowShape: Shape
    package let rowStrides: [Int]
    package let columnStride: Int

    /// Axes are as few as the strides allow.
    init(span: Span, rowShape: Shape, rowStrides: [Int], columnStride: Int) {
      self.span = span
      self.columnStride = columnStride
      var (shape, strides) = (Shape(), [Int]())
      for (extent, stride) in zip(rowShape, rowStrides) where extent != 1 {
        if let last = strides.last, last == stride * extent {
          shape[shape.count - 1] *= extent
          strides[strides.count - 1] = stride
        } else {
          shape.append(extent)
          strides.append(stride)
        }
      }
      (self.rowShape, self.rowStrides) = (shape, strides)
    }

    /// Where row number `row` begins, counted over all matrices.
    func start(ofRow row: Int) -> Int {
      var (rest, start) = (row, 0)
      for (extent, stride) in zip(rowShape, rowStrides).reversed() {
        start += rest % extent * stride
        rest /= extent
      }
      return start
    }
  }

  package struct Output: Sendable {
    package let node: Int
    package let span: Span

    package init(node: Int, span: Span) {
      self.node = node
      self.span = span
    }
  }

  /// The number of terms that are summed before they join the total.
  package static let blockSize = 256
  /// The number of such blocks.
  var blockCount: Int { (inner + Self.blockSize - 1) / Self.blockSize }
  /// The number of the epilogue's input that is the product's element.
  package static let productInput = 0

  /// The number of pairs of matrices.
  package var matrices = 1
  /// The number of rows of each result.
  package var rows: Int
  package var columns: Int
  package var inner: Int
  /// The number of rows of all results.
  package var allRows: Int { matrices * rows }
  package var left: Operand
  package var right: Operand
  /// The epilogue's inputs from number 1 on.
  package var loads: [Load] = []
  package var epilogue = ScalarGraph()
  package var outputs: [Output] = []

  package init(rows: Int, columns: Int, inner: Int, left: Operand, right: Operand) {
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.left = left
    self.right = right
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
  }

  package var sources: [Source]
  /// The batch's number, an int32; behind it, where samples are shuffled, the lower and the upper
  /// half of the seed.
  package var counter: Span
  package var batchSize: Int
  package var stride: Int
  package var batchesPerEpoch: Int
  package var sampleCount: Int
  /// The order of an epoch's samples: file order if nil.
  package var permutation: IndexPermutation?
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
  /// The records of the latest steps, `[records, layout.recordSize]`.
  package let records: Span
  package let recordCapacity: Int
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
