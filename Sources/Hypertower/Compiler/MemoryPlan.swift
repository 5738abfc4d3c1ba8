/// Which of a program's temporary buffers share memory: those of one type that are never in use at the
/// same time.
struct MemoryPlan {
  /// The slot of each temporary buffer that is in use at all, by its number.
  private(set) var slots: [Int: Int] = [:]
  /// The number of elements of each slot.
  private(set) var slotSizes: [Int] = []
  /// What each slot holds.
  private(set) var slotTypes: [ElementType] = []

  /// - Parameters:
  ///   - buffers: the program's buffers, of which the temporary ones get slots.
  ///   - uses: the numbers of the buffers in use at each point in time.
  init(_ buffers: [BufferDescription], uses: [[Int]]) {
    var lives: [Int: ClosedRange<Int>] = [:]
    for (time, used) in uses.enumerated() {
      for buffer in used where buffers[buffer].isTemporary {
        lives[buffer] = (lives[buffer]?.lowerBound ?? time)...time
      }
    }
    var lastUses: [Int] = []
    let inOrder = lives.sorted { ($0.value.lowerBound, $0.key) < ($1.value.lowerBound, $1.key) }
    for (buffer, life) in inOrder {
      let (type, count) = (buffers[buffer].type, buffers[buffer].count)
      let free = lastUses.indices.filter {
        slotTypes[$0] == type && lastUses[$0] < life.lowerBound
      }
      // The smallest slot that is large enough, or the largest one, grown.
      let fitting = free.filter { slotSizes[$0] >= count }.min { slotSizes[$0] < slotSizes[$1] }
      let slot = fitting ?? free.max { slotSizes[$0] < slotSizes[$1] } ?? slotSizes.count
      if slot == slotSizes.count {
        slotSizes.append(0)
        slotTypes.append(type)
        lastUses.append(0)
      }
      slotSizes[slot] = Swift.max(slotSizes[slot], count)
      lastUses[slot] = life.upperBound
      slots[buffer] = slot
    }
  }

  /// All slots of a type in one array.
  struct Arena {
    /// The number of elements of the array of each type.
    private(set) var sizes: [ElementType: Int] = [:]
    /// Where each temporary buffer begins in it.
    private(set) var offsets: [Int: Int] = [:]

    fileprivate init(_ plan: MemoryPlan, alignment: Int) {
      let starts = zip(plan.slotTypes, plan.slotSizes).map { type, size in
        let start = sizes[type, default: 0]
        sizes[type] = start + (size + alignment - 1) / alignment * alignment
        return start
      }
      offsets = plan.slots.mapValues { starts[$0] }
    }
  }

  /// Puts all slots of a type into one array, so that a kernel takes one argument for them.
  ///
  /// - Parameter alignment: the number of elements of which the start of each slot is a multiple.
  func arena(alignment: Int) -> Arena { Arena(self, alignment: alignment) }
}
