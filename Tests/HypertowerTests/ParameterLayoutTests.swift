import Hypertower
import Testing

@Suite struct ParameterLayoutTests {
  @Test(arguments: [
    [], [1], [16], [17, 1, 16], [100_352, 128, 1280, 10], [5_000_000, 3], [0, 4],
  ])
  func tensorsAndBlocksCoverAll(counts: [Int]) {
    let layout = ParameterLayout(counts.enumerated().map { ("w\($0)", [$1]) })
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
    #expect(layout.blocks.count < 1024, "blocks stay few")
  }

  @Test func rowsAreThoseOfMatricesAndPartsOfVectors() {
    let layout = ParameterLayout([
      ("w", [784, 128]), ("b", [128]), ("long", [2500]), ("cube", [3, 4, 5]), ("none", [0]),
    ])
    #expect(layout.entries.map(\.rowLength) == [128, 128, 1024, 20, 1])
    #expect(layout.entries.map(\.rowCount) == [784, 1, 3, 3, 0])
    #expect(layout.entries.map(\.firstRow) == [0, 784, 785, 788, 791])
    #expect(layout.rowCount == 791)
  }
}
