import Testing

@testable import Hypertower

@Suite struct ShapeTests {
  @Test(
    arguments: [
      ([2, 3], [2, 3], [2, 3]), ([2, 3], [3], [2, 3]), ([], [4], [4]), ([], [], []),
      ([2, 1], [1, 3], [2, 3]), ([5, 1, 3], [7, 1], [5, 7, 3]), ([1], [0], [0]),
      ([2, 0], [1, 1], [2, 0]),
      ([2, 3], [2], nil), ([2, 3], [3, 2], nil), ([0], [2], nil), ([4, 1, 2], [3, 3], nil),
    ] as [(Shape, Shape, Shape?)])
  func broadcasts(a: Shape, b: Shape, expected: Shape?) {
    #expect(a.broadcast(with: b) == expected)
    #expect(b.broadcast(with: a) == expected)
  }

  @Test func countsAndStrides() {
    #expect([2, 3, 4].elementCount == 24)
    #expect(([] as Shape).elementCount == 1)
    #expect([2, 0, 4].elementCount == 0)
    #expect([2, 3, 4].contiguousStrides == [12, 4, 1])
    #expect(([] as Shape).contiguousStrides == [])
    #expect([2, 3, 4].collapsed(along: [0, 2]) == [1, 3, 1])
    #expect([2, 3, 4].removing([0, 2]) == [3])
    #expect([3].aligned(toRank: 3) == [1, 1, 3])
  }
}
