import Hypertower
import Testing

@Suite struct ParameterLayoutTests {
  @Test(arguments: [
    [], [1], [16], [17, 1, 16], [100_352, 128, 1280, 10], [5_000_000, 3], [0, 4],
  ])
  func tensorsAndBlocksCoverAll(counts: [Int]) {
    let layout = ParameterLayout(counts.enumerated().map { ("w\($0)", $1) })
    #expect(layout.entries.map(\.count) == counts)
    #expect(layout.entries.map(\.name) == counts.indices.map { "w\($0)" })
    var end = 0
    for entry in layout.entries {
      #expect(entry.offset >= end && entry.offset % ParameterLayout.alignment == 0)
      #expect(entry.offset - end < ParameterLayout.alignment)
      end = entry.offset + entry.count
    }
    #expect(layout.size >= end && layout.size % ParameterLayout.alignment == 0)

    // The blocks of a tensor are its elements, in order.
    for (number, entry) in layout.entries.enumerated() {
      var next = entry.offset
      for block in layout.blocks where block.tensor == number {
        #expect(block.offset == next && block.count > 0)
        next += block.count
      }
      #expect(next == entry.offset + entry.count)
    }
    #expect(layout.blocks.map(\.tensor) == layout.blocks.map(\.tensor).sorted())
    #expect(layout.blocks.count < 1024, "partial sums stay few")
  }
}
