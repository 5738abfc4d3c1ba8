internal import Kernels

/// How register tiles of a product read its left operand, for `left_operand.cl`.
struct LeftOperandCode {
  private let product: MatrixProduct
  private let operand: DeviceWork.LeftOperand
  private let tileRows: Int

  /// - Parameter tileRows: the height of tiles, and of packed panels.
  init(_ product: MatrixProduct, _ operand: DeviceWork.LeftOperand, tileRows: Int) {
    self.product = product
    self.operand = operand
    self.tileRows = tileRows
  }

  var isPacked: Bool { operand.isPacked }

  /// Whether a tile's rows lie side by side, term for term, beside those of the next tile.
  var hasAdjacentRows: Bool { product.left.isTransposed && !operand.isPacked }

  private var span: Span {
    switch operand {
    case .matrix: product.left.span
    case .panels(let panels): panels
    case .batch(let batch): batch.source.from
    }
  }

  private var batch: BatchInPlace? {
    guard case .batch(let batch) = operand else { return nil }
    return batch
  }

  private var view: MatrixView? {
    guard case .matrix = operand else { return nil }
    return product.left.view
  }

  private var isBytes: Bool { batch?.source.type == .byte }

  var definitions: [(String, Int)] {
    let strides =
      switch (operand.isPacked, product.left.isTransposed) {
      case (true, _): (row: 1, term: tileRows, tile: product.inner)
      case (false, true): (row: 1, term: product.rows, tile: 1)
      case (false, false): (row: product.inner, term: 1, tile: product.inner)
      }
    let panelRows = (product.rows + tileRows - 1) / tileRows * tileRows
    return [
      ("LEFT_VIEW", view == nil ? 0 : 1),
      ("ROWS_ARE_EVEN", view.map { $0.rows.isEven(for: tileRows) } ?? false ? 1 : 0),
      ("LEFT_STRIDE", view == nil ? strides.row : 0),
      ("LEFT_MATRIX", (operand.isPacked ? panelRows : product.rows) * product.inner),
      ("LEFT_TERM_STRIDE", view.map { $0.terms.strides.last ?? 1 } ?? strides.term),
      ("LEFT_TILE_STRIDE", strides.tile),
      ("LEFT_TRANSPOSED", product.left.isTransposed ? 1 : 0),
      ("LEFT_PACKED", operand.isPacked ? 1 : 0), ("LEFT_IN_PLACE", batch == nil ? 0 : 1),
      ("LEFT_IS_BYTES", isBytes ? 1 : 0),
      ("ZERO_RUN", zeros?.length ?? 0),
    ]
  }

  /// Terms that are zeros in all rows of a tile alike.
  private var zeros: ZeroRuns? {
    view?.zeros.flatMap { $0.rowsBelow % tileRows == 0 ? $0 : nil }
  }

  /// How a view is read, as texts.
  var texts: [(String, String)] {
    guard let view else { return [] }
    return Self.places(of: view) + terms(of: view) + [
      ("EVEN_ROW_OFFSET(i)", "(\(view.rows.code("(i)")))"),
      ("RUN_IS_ZERO(row, run)", zeroCondition),
    ]
  }

  /// Where rows, terms and matrices of a view lie.
  static func places(of view: MatrixView) -> [(String, String)] {
    [
      ("ROW_PLACE(row)", "(\(view.rows.code("(row)", cast: "(long)")))"),
      ("TERM_PLACE(term)", "(\(view.terms.code("(term)", cast: "(long)")))"),
      ("MATRIX_PLACE(matrix)", "(\(view.matrices.code("(matrix)", cast: "(long)")))"),
    ]
  }

  /// Whether a run of terms is zeros in the tile that begins with `row`.
  private var zeroCondition: String {
    guard let zeros else { return "false" }
    let (index, divisor) = (zeros.bound.index, zeros.bound.index.divisor)
    let numerator =
      "((row) / \(zeros.rowsBelow) % \(zeros.rowExtent) * (\(index.coefficients[0])) + "
      + "(run) * (\(index.coefficients[1])) + (\(index.offset)))"
    let outside = "(uint)\(numerator) >= \(zeros.bound.extent * divisor)u"
    return divisor == 1 ? outside : "(\(outside) || \(numerator) % \(divisor) != 0)"
  }

  /// A loop over terms that counts along each axis, the last one fastest.
  private func terms(of view: MatrixView) -> [(String, String)] {
    let (shape, strides) = (view.terms.shape, view.terms.strides)
    let below = shape.contiguousStrides
    var begin = "global const LEFT_ELEMENT *restrict left_term = left + TERM_PLACE(k);"
    var next = ""
    for axis in shape.indices.dropFirst() {
      begin += " int term_\(axis) = (k) / \(below[axis]) % \(shape[axis]);"
      next =
        " if (++term_\(axis) == \(shape[axis])) { term_\(axis) = 0; "
        + "left_term += \(strides[axis - 1] - shape[axis] * strides[axis]);\(next) }"
    }
    return [
      ("BEGIN_TERMS(k)", begin), ("NEXT_TERM", "left_term += \(strides.last ?? 0);\(next)"),
    ]
  }

  /// What the code of tiles builds on.
  var source: String {
    var values = ""
    if let batch, isBytes {
      let literals = (0...255).map { ScalarCode.literal(Double(Float($0) / batch.source.divisor)) }
      values = "constant real BYTE_VALUES[256] = {\(literals.joined(separator: ", "))};\n"
    }
    return values + String(cString: kernels_left_operand())
  }

  var parameters: [KernelSection.Parameter] {
    let element = isBytes ? "uchar" : "real"
    let left = KernelSection.Parameter(
      "global const \(element) *restrict left_buffer", .span(span))
    guard let batch else { return [left] }
    return [
      left, .init("global const int *restrict numbers", .buffer(batch.numbers.buffer)),
    ]
  }
}

extension MatrixView.Axes {
  /// Whether the rows of each tile of that height lie as far from its first one as those of the first tile: the tile
  /// has a part of an axis, and all of the axes after it.
  func isEven(for height: Int) -> Bool {
    guard shape.count > 1 else { return true }
    var rest = height
    for extent in shape.reversed() {
      if extent % rest == 0 { return true }
      guard rest % extent == 0 else { return false }
      rest /= extent
    }
    return false
  }

  /// Where number `index` lies, as text.
  ///
  /// - Parameter cast: to the type that is computed in; default: that of `index`.
  func code(_ index: String, cast: String = "") -> String {
    let terms = zip(shape.indices, shape.contiguousStrides).compactMap { axis, below -> String? in
      guard strides[axis] != 0 else { return nil }
      let quotient = below == 1 ? index : "\(index) / \(below)"
      let own = axis == 0 ? quotient : "\(quotient) % \(shape[axis])"
      return "\(cast)(\(own)) * \(strides[axis])"
    }
    return terms.isEmpty ? "0" : terms.joined(separator: " + ")
  }
}
