extension LoopNest {
  /// The nest in words, for people who look at what a program consists of.
  var label: String {
    let work = "\(graph.nodes.count) operations"
    return reducedShape.isEmpty
      ? "elementwise \(keptShape), \(work)"
      : "\(keptShape) rows of \(reducedShape), \(work), \(reductions.count) reductions"
  }
}

extension ScatterAdd {
  /// The scatter in words.
  var label: String {
    let own = "[\(count), \(width)] in rows of [\(rows), \(width)]"
    return matrices == 1 ? own : "\(matrices) × \(own)"
  }
}

extension MatrixProduct {
  /// The product in words.
  package var label: String {
    func text(_ operand: Operand, _ rows: Int, _ columns: Int) -> String {
      operand.isTransposed ? "[\(columns), \(rows)]ᵀ" : "[\(rows), \(columns)]"
    }
    let count = matrices == 1 ? "" : "\(matrices) × "
    return count + "\(text(left, rows, inner)) · \(text(right, inner, columns))"
  }
}
