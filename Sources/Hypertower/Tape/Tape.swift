/// Tensor operations, as data: an array in which each operation refers to earlier ones.
package struct Tape: Sendable {
  /// The number of a node, its place in the tape.
  package typealias Index = Int

  package struct Node: Hashable, Sendable {
    package let operation: Operation
    package let operands: [Index]
    package let shape: Shape

    /// The operands that the elements are computed from.
    package var valueOperands: ArraySlice<Index> {
      if case .known = operation { return operands.prefix(1) }
      return operands[...]
    }

    /// The same, each once.
    package var distinctOperands: [Index] {
      let own = valueOperands
      return own.indices.filter { !own[..<$0].contains(own[$0]) }.map { own[$0] }
    }

    /// Whether each element is a function of the operands' elements at its place.
    var isElementwise: Bool {
      switch operation {
      case .unary, .binary, .select: true
      case .leaf, .fill, .coordinate, .random, .broadcast, .reshape, .transpose, .access, .detach,
        .known, .convolution, .scan, .scanResult, .reduce, .matrixProduct, .gather, .scatterAdd,
        .attention, .attentionGradient, .attentionResult, .allReduce:
        false
      }
    }

    /// The operands of an elementwise node that have a derivative: neither conditions nor what is compared.
    var differentiableOperands: ArraySlice<Index> {
      switch operation {
      case .select: operands.dropFirst()
      case .binary(.less), .binary(.equal): []
      case .unary, .binary: operands[...]
      case .leaf, .fill, .coordinate, .random, .broadcast, .reshape, .transpose, .access, .detach,
        .known, .convolution, .scan, .scanResult, .reduce, .matrixProduct, .gather, .scatterAdd,
        .attention, .attentionGradient, .attentionResult, .allReduce:
        []
      }
    }
  }

  /// What a node computes from its operands.
  package enum Operation: Hashable, Sendable {
    /// A tensor whose values come from outside: the leaf of that number.
    case leaf(Int)
    /// One number, everywhere.
    case fill(Double)
    /// Each element's index along an axis.
    case coordinate(axis: Int)
    /// Uniform random numbers in [0, 1) of each step: those of the step's call of that number.
    case random(Int)
    /// A function of elements, of one operand of the node's shape.
    case unary(UnaryOperation)
    /// A function of pairs of elements, of two operands of the node's shape.
    case binary(BinaryOperation)
    /// The second operand where the first is not 0, else the third; all of the node's shape.
    case select
    /// The operand, of the same rank, repeated along the axes where its extent is 1.
    case broadcast
    /// The operand's elements in their order, in another shape of as many.
    case reshape
    /// Axis `i` is the operand's axis `permutation[i]`.
    case transpose(permutation: [Int])
    /// The elements of the operand that the access says.
    case access(Access)
    /// The operand, as a constant to differentiation.
    case detach
    /// The first operand, to differentiation the second, which has the same elements.
    case known
    /// To differentiation, the convolution of the first operand with the second; it has no elements of its own.
    case convolution(Convolution)
    /// A loop, of operands as `Scan` says; it has no elements of its own.
    case scan(Scan)
    /// A result of the loop that is the operand.
    case scanResult(Scan.Result)
    /// The operand folded along `axes`, which stay with extent 1.
    case reduce(Reduction, axes: [Int])
    /// `[…, m, k] · […, k, n] → […, m, n]` of two operands of equal leading axes, the last two axes of each
    /// first swapped if so marked.
    case matrixProduct(transposeLeft: Bool, transposeRight: Bool)
    /// Rows of a table, `[…, rows, width]` at `[…, count]` → `[…, count, width]`, of operands of equal leading axes:
    /// row number i is that which element i of the second operand names. Where this is no whole number in 0..<rows,
    /// the row is NaN or, if so marked, 0.
    case gather(isZeroOutside: Bool)
    /// The adjoint of `gather`, `[…, count, width]` at `[…, count]` → `[…, rows, width]`: for each row the sum, in their
    /// order, of the first operand's rows at those places where the second has its number.
    case scatterAdd
    /// Blockwise attention of queries, keys and values, `[…, queries, width], […, keys, width], […, keys, depth] →
    /// […, queries, depth]`, of equal leading axes.
    case attention(Attention)
    /// What attention sends back to its queries, `[…, queries, width]`, of queries, keys, values, the attention, its
    /// `logSums` and the cotangent.
    case attentionGradient(Attention)
    /// A further result of the attention, or of its gradient, that is the operand.
    case attentionResult(Attention.Result)
    /// The sum of the operands that all shards of a batch have.
    case allReduce
  }

  /// How the elements along some axes become one.
  package enum Reduction: Hashable, Sendable, CaseIterable {
    case sum
    /// NaN if any element is.
    case maximum
    /// The place of the first of the greatest elements, counted over all axes in their order.
    case indexOfMaximum
  }

  package private(set) var nodes: [Node] = []
  private var indices: [Node: Index] = [:]

  package init() {}

  package subscript(_ index: Index) -> Node { nodes[index] }

  /// Appends a node, or finds the equal one that is there already.
  package mutating func append(
    _ operation: Operation, _ operands: [Index] = [], shape: Shape
  ) -> Index {
    let node = Node(operation: operation, operands: operands, shape: shape)
    if let index = indices[node] { return index }
    nodes.append(node)
    indices[node] = nodes.count - 1
    return nodes.count - 1
  }

  /// Which nodes `outputs` refer to, themselves included.
  package func needed(by outputs: [Index]) -> [Bool] {
    needed(by: outputs) { nodes[$0].operands[...] }
  }

  /// Whether any of the needed nodes has no elements. Then shapes do not tell which axes of different nodes belong
  /// together.
  func hasEmptyNodes(among needed: [Bool]) -> Bool {
    nodes.indices.contains { needed[$0] && nodes[$0].shape.contains(0) }
  }

  /// Which nodes the elements of `outputs` are computed from, themselves included.
  package func neededForValues(of outputs: [Index]) -> [Bool] {
    needed(by: outputs) { nodes[$0].valueOperands }
  }

  private func needed(by outputs: [Index], _ operands: (Index) -> ArraySlice<Index>) -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    for output in outputs { needed[output] = true }
    for index in nodes.indices.reversed() where needed[index] {
      for operand in operands(index) { needed[operand] = true }
    }
    return needed
  }
}

extension Tape: Hashable {
  package static func == (left: Tape, right: Tape) -> Bool { left.nodes == right.nodes }

  package func hash(into hasher: inout Hasher) { hasher.combine(nodes) }
}
