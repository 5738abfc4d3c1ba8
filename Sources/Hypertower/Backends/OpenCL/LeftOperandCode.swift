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

  /// Where it begins, as text.
  var offsetCode: String { span.offsetCode }

  var span: Span {
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

  private var isBytes: Bool { batch?.source.type == .byte }

  var definitions: [(String, Int)] {
    let strides =
      switch (operand.isPacked, product.left.isTransposed) {
      case (true, _): (row: 1, term: tileRows, tile: product.inner)
      case (false, true): (row: 1, term: product.rows, tile: 1)
      case (false, false): (row: product.inner, term: 1, tile: product.inner)
      }
    return [
      ("LEFT_STRIDE", strides.row),
      ("LEFT_TERM_STRIDE", strides.term), ("LEFT_TILE_STRIDE", strides.tile),
      ("LEFT_TRANSPOSED", product.left.isTransposed ? 1 : 0),
      ("LEFT_PACKED", operand.isPacked ? 1 : 0), ("LEFT_IN_PLACE", batch == nil ? 0 : 1),
      ("LEFT_IS_BYTES", isBytes ? 1 : 0),
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
      "global const \(element) *restrict left_buffer", .buffer(span.buffer))
    guard let batch else { return [left] }
    return [
      left, .init("global const int *restrict numbers", .buffer(batch.numbers.buffer)),
    ]
  }
}
