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

  package init(_ product: MatrixProduct) {
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
  /// The same product without its epilogue, of buffers of its own in `program` that are as large as what it touches.
  ///
  /// - Parameter isLeftSparse: whether the left operand's buffer is sparse.
  func alone(isLeftSparse: Bool = false, in program: inout Program) -> MatrixProduct {
    func operand(_ own: Operand, _ access: MemoryAccess, isSparse: Bool) -> Operand {
      let buffer = program.addBuffer(.real, count: access.range.count, isSparse: isSparse)
      // A view may reach to either side of where it begins.
      let span = Span(buffer: buffer, offset: own.span.offset - access.range.lowerBound)
      return Operand(span: span, isTransposed: own.isTransposed, view: own.view)
    }
    var product = MatrixProduct(
      rows: rows, columns: columns, inner: inner,
      left: operand(left, leftAccess, isSparse: isLeftSparse),
      right: operand(right, rightAccess, isSparse: false))
    product.matrices = matrices
    let node = product.epilogue.append(.input(Self.productInput))
    let result = Span(buffer: program.addBuffer(.real, count: allRows * columns))
    product.outputs = [.init(node: node, span: result)]
    return product
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
