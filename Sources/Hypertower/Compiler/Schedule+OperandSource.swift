extension Schedule {
  /// How a product reads an operand through views: the node whose memory that is, and where there.
  struct OperandView {
    let source: Tape.Index
    /// Where the first element lies, from the beginning of the source.
    let offset: Int
    let matrices: MatrixView.Axes
    /// Of the operand's last two axes.
    let outer: MatrixView.Axes
    let inner: MatrixView.Axes
    /// What is known to be zeros where the inner axis is that of terms.
    let zeros: ZeroRuns?
  }

  enum OperandSource {
    case view(OperandView)
    /// A view, once this node is stored: padding, or a function of what the product reads through views.
    case afterStoring(Tape.Index)
  }

  /// nil where strides cannot tell where elements lie.
  func operandSource(of index: Tape.Index, before group: Int = .max) -> OperandSource? {
    var node = index
    // Rows and terms are merged axes; apart, they have strides.
    if case .reshape = tape[index].operation { node = tape[index].operands[0] }
    let space = tape[node].shape
    if space.contains(0) { return nil }
    let target = tape[index].shape
    guard let parts = space.split(into: [target.dropLast(2).elementCount] + target.suffix(2)) else {
      return nil
    }
    var map = IndexMap(identityOn: space)
    while true {
      if isStored(node, before: group) || tape[node].isLeaf {
        let zeros = tape.zeroRuns(of: node, map, space, rows: parts[1], terms: parts[2])
        return view(of: node, shape: tape[node].shape, map, space, parts, zeros)
          .map(OperandSource.view)
      }
      guard tape[node].isView else { return node == index ? nil : .afterStoring(node) }
      let operand = tape[node].operands[0]
      guard let inner = map.through(tape[node], operandShape: tape[operand].shape, in: space) else {
        guard case .reshape = tape[node].operation,
          let source = contiguousSource(of: operand, before: group)
        else { return nil }
        return view(of: source, shape: tape[node].shape, map, space, parts)
          .map(OperandSource.view)
      }
      if !inner.isAffine { return .afterStoring(node) }
      (map, node) = (inner, operand)
    }
  }

  private func view(
    of source: Tape.Index, shape: Shape, _ map: IndexMap, _ space: Shape, _ parts: [Range<Int>],
    _ zeros: ZeroRuns? = nil
  ) -> OperandView? {
    guard
      case .load(let span, let strides) = map.input(
        Span(buffer: 0), shape: shape, rank: space.count)
    else { return nil }
    let axes = parts.map {
      MatrixView.Axes(Shape(space[$0]), strides: Array(strides[$0]))
    }
    return OperandView(
      source: source, offset: span.offset, matrices: axes[0], outer: axes[1], inner: axes[2],
      zeros: zeros)
  }
}

extension Tape.Node {
  fileprivate var isLeaf: Bool {
    if case .leaf = operation { true } else { false }
  }

  fileprivate var isView: Bool {
    switch operation {
    case .broadcast, .reshape, .transpose, .detach, .known, .access: true
    default: false
    }
  }
}

extension Shape {
  /// Neighbouring axes that hold as many elements as `counts` say; nil where there are none.
  fileprivate func split(into counts: [Int]) -> [Range<Int>]? {
    var (parts, start) = ([Range<Int>](), 0)
    for (number, count) in counts.enumerated() {
      var (end, own) = (start, 1)
      while end < self.count, own < count || (number == counts.count - 1) {
        own *= self[end]
        end += 1
      }
      guard own == count else { return nil }
      parts.append(start..<end)
      start = end
    }
    return start == self.count ? parts : nil
  }
}
