/// How named tensors lie in one array, the arena, and how that array is cut into rows and into blocks
/// of work.
package struct ParameterLayout: Sendable {
  package struct Entry: Sendable, Hashable {
    package let name: String
    package let offset: Int
    package let count: Int
    /// The number of elements of a row; the last row may have fewer.
    package let rowLength: Int
    /// The number of the first row, counted over all tensors.
    package let firstRow: Int
    /// The tensor as a matrix, as it is stored; see `UpdateRule.Field`.
    package let matrix: Matrix

    package var rowCount: Int { (count + rowLength - 1) / rowLength }
  }

  /// A tensor as a matrix.
  package struct Matrix: Sendable, Hashable {
    package let rows: Int
    package let columns: Int
    /// Whether the tensor is stored with its two axes swapped.
    package var isTransposed = false
    /// The tensor's number of axes.
    package var rank = 2

    /// `[a, b, …]` as `[a, b·…]`, and what has at most one axis as `[n, 1]`.
    init(_ shape: Shape, isTransposed: Bool) {
      let count = shape.elementCount
      rows = shape.count > 1 ? shape[0] : count
      columns = shape.count > 1 ? shape.dropFirst().reduce(1, *) : 1
      (self.isTransposed, rank) = (isTransposed, shape.count)
    }

    /// The number of a kind of state: one for each row or column, as the tensor is declared.
    func count(along axis: UpdateRule.AxisState.Axis) -> Int {
      storesRows(axis) ? rows : columns
    }

    /// Whether what belongs to rows or columns as the tensor is declared belongs to rows as it is stored.
    func storesRows(_ axis: UpdateRule.AxisState.Axis) -> Bool {
      (axis == .rows) != isTransposed
    }
  }

  /// A run of elements of one tensor.
  package struct Block: Sendable, Hashable {
    package let tensor: Int
    package let offset: Int
    package let count: Int
  }

  /// Tensors start at multiples of this many elements, so that vectors of 16 are aligned.
  package static let alignment = 16
  /// The length of rows of a tensor that has none of its own, or too many.
  private static let vectorRowLength = 1024
  /// The most rows that a tensor has as it is: each costs a sum that a single work-group adds up.
  private static let mostRows = 4096

  package let entries: [Entry]
  /// The number of elements of the arena, gaps included.
  package let size: Int
  package let blocks: [Block]
  /// The number of rows of all tensors.
  package let rowCount: Int

  /// The same of tensors none of which is stored with its axes swapped.
  package init(_ tensors: [(name: String, shape: Shape)]) {
    self.init(tensors.map { ($0.name, $0.shape, isTransposed: false) })
  }

  /// - Parameter tensors: their names and shapes, as they are stored, and whether that is with their axes swapped.
  package init(_ tensors: [(name: String, shape: Shape, isTransposed: Bool)]) {
    var entries: [Entry] = []
    var (size, rowCount) = (0, 0)
    for (name, shape, isTransposed) in tensors {
      let count = shape.elementCount
      let length =
        shape.count > 1 && shape[0] <= Self.mostRows
        ? shape.dropFirst().reduce(1, *) : Swift.min(count, Self.vectorRowLength)
      let entry = Entry(
        name: name, offset: size, count: count, rowLength: Swift.max(1, length),
        firstRow: rowCount, matrix: Matrix(shape, isTransposed: isTransposed))
      entries.append(entry)
      rowCount += entry.rowCount
      size = (size + count + Self.alignment - 1) / Self.alignment * Self.alignment
    }
    self.entries = entries
    self.size = size
    self.rowCount = rowCount

    // Small enough that a CPU's cores share the work evenly, large enough that blocks stay few.
    let total = entries.reduce(0) { $0 + $1.count }
    let blockSize = Swift.max(1024, (total / 256 + 15) / 16 * 16)
    blocks = entries.enumerated().flatMap { tensor, entry in
      stride(from: 0, to: entry.count, by: blockSize).map { start in
        Block(
          tensor: tensor, offset: entry.offset + start, count: min(blockSize, entry.count - start))
      }
    }
  }
}
