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

/// How a product is computed.
package enum ProductSchedule: Hashable, Sendable {
  /// By register tiles, which ask for memory `prefetchTerms` terms ahead, from operands that are
  /// packed into panels first or not.
  case tiles(prefetchTerms: Int, packsLeft: Bool, packsRight: Bool)
  /// By square tiles in local memory of `tile` elements a side, of which a work-item computes
  /// `perItem` × `perItem`.
  case localMemory(tile: Int, perItem: Int)
  /// By CLBlast, followed by a kernel for the epilogue.
  case clblast
}

/// What was found to be fastest on a device, by `ProductTuner`.
package struct TuningChoices: Equatable, Sendable {
  package var products: [ProductShape: ProductSchedule] = [:]
  /// The height of tiles, and of blocks of rows, for a number of rows.
  package var tileRows: [Int: Int] = [:]

  package init() {}

  package var isEmpty: Bool { products.isEmpty && tileRows.isEmpty }
}
