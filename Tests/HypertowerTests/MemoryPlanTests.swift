import Testing

@testable import Hypertower

@Suite struct MemoryPlanTests {
  private struct Use {
    let range: Range<Int>
    let first: Int
    let last: Int
  }

  /// What is in use at the same time does not overlap.
  @Test func livePlacesAreApart() {
    var random = SeededRandom(21)
    for _ in 0..<200 {
      var plan = MemoryPlan()
      var uses: [Use] = []
      for start in 0..<Int.random(in: 1...30, using: &random) {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
          let count = Int.random(in: 0...100, using: &random)
          let end = start + Int.random(in: 0...6, using: &random)
          let offset = plan.take(count, from: start, through: end)
          uses.append(Use(range: offset..<offset + count, first: start, last: end))
          #expect(offset % ParameterLayout.alignment == 0)
          #expect(offset + count <= plan.size)
        }
      }
      for (number, a) in uses.enumerated() {
        for b in uses[..<number] where a.first <= b.last && b.first <= a.last {
          #expect(!a.range.overlaps(b.range))
        }
      }
    }
  }

  @Test func memoryIsUsedAgain() {
    var plan = MemoryPlan()
    for step in 0..<100 { _ = plan.take(64, from: step, through: step + 1) }
    #expect(plan.size == 128)
  }
}
