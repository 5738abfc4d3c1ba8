/// A product's sizes and transpositions, which its best schedule depends on.
package struct ProductShape: Hashable, Sendable {
  package let rows: Int
  package let inner: Int
  package let columns: Int
  package let isLeftTransposed: Bool
  package let isRightTransposed: Bool

  package init(
    rows: Int, inner: Int, columns: Int, isLeftTransposed: Bool, isRightTransposed: Bool
  ) {
    self.rows = rows
    self.inner = inner
    self.columns = columns
    self.isLeftTransposed = isLeftTransposed
    self.isRightTransposed = isRightTransposed
  }

  init(_ product: MatrixProduct) {
    self.init(
      rows: product.rows, inner: product.inner, columns: product.columns,
      isLeftTransposed: product.left.isTransposed, isRightTransposed: product.right.isTransposed)
  }
}

extension MatrixProduct {
  /// A product of that shape, of buffers 0 and 1 into buffer 2.
  init(_ shape: ProductShape) {
    var program = Program()
    self.init(shape, in: &program)
  }

  /// A product of that shape and nothing besides, of buffers of its own in `program`.
  ///
  /// - Parameter isLeftSparse: whether the left operand's buffer is sparse; default: false.
  package init(
    _ shape: ProductShape, isLeftSparse: Bool = false, in program: inout Program
  ) {
    func buffer(_ count: Int, isSparse: Bool = false) -> Span {
      Span(buffer: program.addBuffer(.real, count: count, isSparse: isSparse))
    }
    self.init(
      rows: shape.rows, columns: shape.columns, inner: shape.inner,
      left: .init(
        span: buffer(shape.rows * shape.inner, isSparse: isLeftSparse),
        isTransposed: shape.isLeftTransposed),
      right: .init(
        span: buffer(shape.inner * shape.columns), isTransposed: shape.isRightTransposed))
    let node = epilogue.append(.input(Self.productInput))
    outputs = [.init(node: node, span: buffer(shape.rows * shape.columns))]
  }
}

extension MatrixProduct {
  /// Whether CLBlast can compute it: it refuses empty sums, and is called with one pair of matrices that lie where
  /// they are.
  var suitsCLBlast: Bool {
    inner > 0 && matrices == 1 && left.view == nil && left.span.step == 0 && right.span.step == 0
  }
}

/// How a product is computed.
package enum ProductSchedule: Hashable, Sendable {
  /// By register tiles, which ask for memory `prefetchTerms` terms ahead, from operands that are
  /// packed into panels first or not.
  case tiles(prefetchTerms: Int, packsLeft: Bool, packsRight: Bool)
  /// By square tiles in local memory of `tile` elements a side, of which a work-item computes
  /// `perItem` × `perItem`; if it `splits`, in parts of some blocks of terms, which are added afterwards.
  case localMemory(tile: Int, perItem: Int, splits: Bool)
  /// By CLBlast, followed by a kernel for the epilogue.
  case clblast
}
