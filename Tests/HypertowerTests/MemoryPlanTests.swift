import Testing

@testable import Hypertower

@Suite struct MemoryPlanTests {
  private func temporaries(_ counts: [Int]) -> [BufferDescription] {
    counts.map { BufferDescription(type: .real, count: $0, isTemporary: true) }
  }

  /// What is in use at the same time has slots of its own, and every slot is large enough.
  @Test func liveBuffersAreApart() {
    var random = SeededRandom(21)
    for _ in 0..<200 {
      var counts: [Int] = []
      var uses = [[Int]](repeating: [], count: 40)
      for start in 0..<Int.random(in: 1...30, using: &random) {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          uses[start].append(counts.count)
          uses[start + Int.random(in: 0...6, using: &random)].append(counts.count)
          counts.append(Int.random(in: 0...100, using: &random))
        }
      }
      let plan = MemoryPlan(temporaries(counts), uses: uses)
      func life(_ buffer: Int) -> ClosedRange<Int> {
        uses.firstIndex { $0.contains(buffer) }!...uses.lastIndex { $0.contains(buffer) }!
      }
      for a in counts.indices {
        #expect(plan.slotSizes[plan.slots[a]!] >= counts[a])
        for b in 0..<a where life(a).overlaps(life(b)) {
          #expect(plan.slots[a] != plan.slots[b])
        }
      }
    }
  }

  @Test func memoryIsUsedAgain() {
    let plan = MemoryPlan(
      temporaries([Int](repeating: 64, count: 100)), uses: (0..<99).map { [$0, $0 + 1] })
    #expect(plan.slotSizes == [64, 64])
  }

  @Test func typesAreApart() {
    let types: [ElementType] = [.real, .int32, .real, .int32]
    let buffers = types.map { BufferDescription(type: $0, count: 64, isTemporary: true) }
    let plan = MemoryPlan(buffers, uses: [[0], [1], [2], [3]])
    #expect(plan.slots == [0: 0, 1: 1, 2: 0, 3: 1] && plan.slotTypes == [.real, .int32])
  }

  @Test func buffersOfTheOutsideHaveNoSlot() {
    let own = BufferDescription(type: .real, count: 5, isTemporary: true)
    let outside = BufferDescription(type: .real, count: 7, isTemporary: false)
    let plan = MemoryPlan([outside, own], uses: [[0, 1]])
    #expect(plan.slots == [1: 0] && plan.slotSizes == [5])
  }

  /// Slots of a type lie one after another, each from a multiple of the alignment on.
  @Test func anArenaHoldsAllSlotsOfAType() {
    let buffers = [(ElementType.real, 5), (.int32, 7), (.real, 9), (.real, 3)].map {
      BufferDescription(type: $0.0, count: $0.1, isTemporary: true)
    }
    let arena = MemoryPlan(buffers, uses: [[0, 1, 2], [3]]).arena(alignment: 8)
    // The last buffer takes the place of the first or the third.
    #expect(arena.sizes == [.real: 8 + 16, .int32: 8])
    #expect(arena.offsets[0] == 0 && arena.offsets[1] == 0 && arena.offsets[2] == 8)
    #expect(arena.offsets[3] == 0)
  }
}
