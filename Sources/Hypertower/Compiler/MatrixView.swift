/// Matrices that lie in memory as a view of it: element (i, k) of matrix m is the sum of places that m, i and k have.
///
/// Windows, of which memory has no copy, are such matrices.
package struct MatrixView: Hashable, Sendable {
  /// Indices into `shape`, in their order, and how far apart neighbours along each axis lie.
  package struct Axes: Hashable, Sendable {
    package private(set) var shape: Shape = []
    package private(set) var strides: [Int] = []

    /// Axes are as few as the strides allow.
    package init(_ shape: Shape, strides: [Int]) {
      for (extent, stride) in zip(shape, strides) where extent != 1 {
        if let last = self.strides.last, last == stride * extent {
          self.shape[self.shape.count - 1] *= extent
          self.strides[self.strides.count - 1] = stride
        } else {
          self.shape.append(extent)
          self.strides.append(stride)
        }
      }
    }

    /// Where number `index` lies.
    package func place(of index: Int) -> Int {
      var (rest, place) = (index, 0)
      for (extent, stride) in zip(shape, strides).reversed() {
        place += rest % extent * stride
        rest /= extent
      }
      return place
    }

    /// How far the places reach.
    var reach: (before: Int, after: Int) {
      zip(shape, strides).reduce(into: (0, 0)) { reach, axis in
        let end = (axis.0 - 1) * axis.1
        reach.0 += Swift.min(0, end)
        reach.1 += Swift.max(0, end)
      }
    }
  }

  package let matrices: Axes
  package let rows: Axes
  package let terms: Axes

  package init(matrices: Axes, rows: Axes, terms: Axes) {
    (self.matrices, self.rows, self.terms) = (matrices, rows, terms)
  }

  /// What of the memory that begins at `span` is read.
  func access(_ span: Span) -> MemoryAccess {
    let reaches = [matrices, rows, terms].map(\.reach)
    let before = reaches.reduce(0) { $0 + $1.before }
    return MemoryAccess(
      span.advanced(by: before), count: reaches.reduce(1 - before) { $0 + $1.after },
      isWrite: false)
  }
}

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
  }

  enum OperandSource {
    case view(OperandView)
    /// So once this node, which reaches beyond what it views, lies in memory.
    case behind(Tape.Index)
  }

  /// nil where strides cannot tell where elements lie.
  func operandSource(of index: Tape.Index, before group: Int = .max) -> OperandSource? {
    var node = index
    // Rows and terms are merged axes; apart, they have strides.
    if case .reshape = tape[index].operation { node = tape[index].operands[0] }
    let space = tape[node].shape
    let target = tape[index].shape
    guard let parts = space.split(into: [target.dropLast(2).elementCount] + target.suffix(2)) else {
      return nil
    }
    var map = IndexMap(identityOn: space)
    while true {
      if isStored(node, before: group) || tape[node].isLeaf {
        return view(of: node, shape: tape[node].shape, map, space, parts).map(OperandSource.view)
      }
      guard tape[node].isView else { return nil }
      let operand = tape[node].operands[0]
      guard let inner = map.through(tape[node], operandShape: tape[operand].shape, in: space) else {
        guard let source = contiguousSource(of: operand, before: group) else { return nil }
        return view(of: source, shape: tape[node].shape, map, space, parts)
          .map(OperandSource.view)
      }
      if !inner.bounds.isEmpty || !inner.isWhole { return .behind(node) }
      (map, node) = (inner, operand)
    }
  }

  private func view(
    of source: Tape.Index, shape: Shape, _ map: IndexMap, _ space: Shape, _ parts: [Range<Int>]
  ) -> OperandView? {
    guard
      case .load(let span, let strides) = map.input(
        Span(buffer: 0), shape: shape, rank: space.count)
    else { return nil }
    let axes = parts.map {
      MatrixView.Axes(Shape(space[$0]), strides: Array(strides[$0]))
    }
    return OperandView(
      source: source, offset: span.offset, matrices: axes[0], outer: axes[1], inner: axes[2])
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
