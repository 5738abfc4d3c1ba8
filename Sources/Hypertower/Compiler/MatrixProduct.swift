/// `[m, k] · [k, n] → [m, n]`, for one pair of matrices after another, followed by elementwise work on the
/// results.
///
/// Sums are taken over blocks of `MatrixProduct.blockSize` terms, which are then added in order, on devices in parts:
/// the error grows with the block's length and the number of blocks rather than with k.
///
/// Zeros of a left operand in a sparse buffer may be left out but in the first row: behind it, 0 times
/// an infinity or a NaN may count as 0. So may zeros that a view is known to have, in all rows. All other results are
/// the same, but for the sign of one that underflows to zero.
package struct MatrixProduct: Sendable {
  /// Contiguous matrices, `[rows, columns]`, or `[columns, rows]` where they are transposed, one after another.
  package struct Operand: Hashable, Sendable {
    package var span: Span
    package let isTransposed: Bool
    /// Where elements lie, from the span's beginning on, if the matrices are none of that form.
    package let view: MatrixView?

    /// What `view` says, as plain matrices if they are such.
    init(span: Span, view: MatrixView) {
      let (rows, terms) = (view.rows.shape.elementCount, view.terms.shape.elementCount)
      func lie(_ axes: MatrixView.Axes, apart distance: Int) -> Bool {
        axes.strides.isEmpty || axes.strides == [distance]
      }
      let areWhole = lie(view.matrices, apart: rows * terms)
      if areWhole, lie(view.rows, apart: terms), lie(view.terms, apart: 1) {
        self.init(span: span, isTransposed: false)
      } else if areWhole, lie(view.rows, apart: 1), lie(view.terms, apart: rows) {
        self.init(span: span, isTransposed: true)
      } else {
        self.init(span: span, isTransposed: false, view: view)
      }
    }

    /// Whether neighbours in memory are neighbours along rows rather than terms.
    var liesAlongRows: Bool {
      guard let view else { return isTransposed }
      return view.rows.strides.last == 1 && view.terms.strides.last != 1
    }

    /// - Parameter view: of a left operand alone, which then is not transposed; default: none.
    package init(span: Span, isTransposed: Bool, view: MatrixView? = nil) {
      self.span = span
      self.isTransposed = isTransposed
      self.view = view
    }
  }

  /// An element of memory that the epilogue reads at a row and a column.
  package struct Load: Hashable, Sendable {
    package var span: Span
    /// Of the results' rows, of all matrices.
    package let rows: MatrixView.Axes
    package let columnStride: Int
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
