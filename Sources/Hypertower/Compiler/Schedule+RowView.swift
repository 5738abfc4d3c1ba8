extension Schedule {
  /// Where matrices lie whose rows are contiguous, each row the same distance after the one before it.
  struct RowView {
    /// The node whose memory that is.
    let source: Tape.Index
    /// Where the first element lies, from the beginning of the source.
    let offset: Int
    let matrices: MatrixView.Axes
    let rowStride: Int
  }

  /// How attention reads `index`, `[…, rows, columns]`; nil if memory has not its rows.
  func rowView(of index: Tape.Index, before group: Int = .max) -> RowView? {
    let shape = tape[index].shape
    let (rows, columns) = (shape[shape.count - 2], shape[shape.count - 1])
    if let source = contiguousSource(of: index, before: group) {
      return RowView(
        source: source, offset: 0,
        matrices: .init([shape.dropLast(2).elementCount], strides: [rows * columns]),
        rowStride: columns)
    }
    guard case .view(let view) = operandSource(of: index, before: group),
      view.inner.shape.isEmpty || view.inner.strides == [1], view.outer.shape.count <= 1,
      (view.outer.strides + view.matrices.strides).allSatisfy({ $0 >= 0 })
    else { return nil }
    return RowView(
      source: view.source, offset: view.offset, matrices: view.matrices,
      rowStride: view.outer.strides.first ?? columns)
  }
}

extension Tape.Operation {
  /// Whether attention or its gradient reads the operand of that number by rows, which need not be contiguous.
  func readsRows(ofOperand number: Int) -> Bool {
    switch self {
    case .attention: true
    // Means and logarithms lie as attention leaves them.
    case .attentionGradient: number != 3 && number != 4
    default: false
    }
  }
}
