/// Tensor operations, as data: an array in which each operation refers to earlier ones.
package struct Tape: Sendable {
  /// The number of a node, its place in the tape.
  package typealias Index = Int

  package struct Node: Hashable, Sendable {
    package let operation: Operation
    package let operands: [Index]
    package let shape: Shape
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
    /// The operand folded along `axes`, which stay with extent 1.
    case reduce(Reduction, axes: [Int])
    /// `[…, m, k] · […, k, n] → […, m, n]` of two operands of equal leading axes, the last two axes of each
    /// first swapped if so marked.
    case matrixProduct(transposeLeft: Bool, transposeRight: Bool)
  }

  /// How the elements along some axes become one.
  package enum Reduction: Hashable, Sendable, CaseIterable {
    case sum
    /// NaN if any element is.
    case maximum
    /// The index of the first of the greatest elements, along a single axis.
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

  /// Which nodes `outputs` need, themselves included.
  package func needed(by outputs: [Index]) -> [Bool] {
    var needed = [Bool](repeating: false, count: nodes.count)
    for output in outputs { needed[output] = true }
    for index in nodes.indices.reversed() where needed[index] {
      for operand in nodes[index].operands { needed[operand] = true }
    }
    return needed
  }
}
