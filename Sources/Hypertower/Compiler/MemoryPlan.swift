/// Places intermediate results in one workspace so that those that never live at the same time
/// share memory.
struct MemoryPlan {
  private struct Placement {
    let range: Range<Int>
    let lastUse: Int
  }

  private var placements: [Placement] = []
  /// The number of elements that all placements together need.
  private(set) var size = 0

  /// The offset of `count` elements that are in use from one step through another.
  ///
  /// Steps are asked for in ascending order of `start`.
  mutating func take(_ count: Int, from start: Int, through end: Int) -> Int {
    let alignment = ParameterLayout.alignment
    let count = Swift.max(1, (count + alignment - 1) / alignment) * alignment
    placements.removeAll { $0.lastUse < start }
    var offset = 0
    for placement in placements.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      if offset + count <= placement.range.lowerBound { break }
      offset = Swift.max(offset, placement.range.upperBound)
    }
    placements.append(Placement(range: offset..<offset + count, lastUse: end))
    size = Swift.max(size, offset + count)
    return offset
  }
}
