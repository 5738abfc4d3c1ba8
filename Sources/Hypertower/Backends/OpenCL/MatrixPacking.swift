/// An operand of a product and the panels that it is brought into.
struct MatrixPacking {
  /// The operand, `[inner, columns]`, or `[columns, inner]` if it is transposed.
  let source: Span
  let isTransposed: Bool
  let inner: Int
  let columns: Int
  /// How many such operands there are, one after another.
  let matrices: Int
  /// The number of columns of a panel.
  let panel: Int
  /// `[matrices, panels, inner, columns of a panel]`.
  var panels: Span

  var panelCount: Int { (columns + panel - 1) / panel }
  var elementCount: Int { matrices * panelCount * inner * panel }
}
