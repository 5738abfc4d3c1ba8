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
