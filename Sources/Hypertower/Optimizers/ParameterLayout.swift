/// How named tensors lie in one array, the arena, and how that array is cut into blocks of work.
package struct ParameterLayout: Sendable {
  package struct Entry: Sendable, Hashable {
    package let name: String
    package let offset: Int
    package let count: Int
  }

  /// A run of elements of one tensor.
  package struct Block: Sendable, Hashable {
    package let tensor: Int
    package let offset: Int
    package let count: Int
  }

  /// Tensors start at multiples of this many elements, so that vectors of 16 are aligned.
  package static let alignment = 16

  package let entries: [Entry]
  /// The number of elements of the arena, gaps included.
  package let size: Int
  package let blocks: [Block]

  package init(_ tensors: [(name: String, count: Int)]) {
    var entries: [Entry] = []
    var size = 0
    for (name, count) in tensors {
      entries.append(Entry(name: name, offset: size, count: count))
      size = (size + count + Self.alignment - 1) / Self.alignment * Self.alignment
    }
    self.entries = entries
    self.size = size

    // Small enough that a CPU's cores share the work evenly, large enough that the partial sums of
    // a big model stay few.
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
