import Collectives
import Testing

@Suite("Sums over ranks")
struct OrderedSumTests {
  /// Numbers of so different sizes that every order of a sum has other bits.
  private static func element(_ index: Int, of share: Int) -> Float {
    let mix = UInt32(truncatingIfNeeded: (index + 1) * 0x9E37_79B9 ^ (share + 1) * 0x85EB_CA6B)
    let sign: Float = mix & 1 == 0 ? 1 : -1
    return sign * Float(mix >> 8) * (mix & 2 == 0 ? 1e-7 : 1)
  }

  private static func reference(_ count: Int, _ shares: Int) -> [Float] {
    (0..<count).map { index in
      (1..<shares).reduce(element(index, of: 0)) { $0 + element(index, of: $1) }
    }
  }

  private static func sums(
    _ count: Int, shares: Int, present: Int, ranks: Int, blockSize: Int
  ) throws -> [(elements: [Float], note: Double, sent: Int)] {
    try LocalRank.run(ranks) { rank in
      let sum = OrderedSum(
        count: count, elementSize: 4, shareCount: shares, over: rank, blockSize: blockSize)
      var result = (elements: [Float](), note: 0.0, sent: 0)
      // Twice, since memory is used again.
      for round in 0..<2 {
        for share in sum.shares {
          let target = sum.elements(of: share).bindMemory(to: Float.self)
          for index in target.indices { target[index] = element(index, of: share) }
        }
        let (elements, note) = try sum.sum(
          present: present, note: round == 1 && rank.rank == ranks / 2 ? 3 : 0)
        result = (Array(elements.bindMemory(to: Float.self)), note, rank.sentByteCount / 2)
      }
      return result
    }
  }

  @Test(
    "Any number of ranks comes to the same bits on all of them",
    arguments: [1, 2, 3, 4, 5, 6, 12], [4, 64, 4096])
  func bits(ranks: Int, blockSize: Int) throws {
    for (count, present) in [(1, 12), (17, 12), (250, 12), (250, 7), (250, 1)] {
      let expected = Self.reference(count, present).map(\.bitPattern)
      let sums = try Self.sums(
        count, shares: 12, present: present, ranks: ranks, blockSize: blockSize)
      for sum in sums {
        #expect(sum.elements.map(\.bitPattern) == expected)
        #expect(sum.note == 3)
        #expect(sum.sent <= 2 * 4 * (count + 1))
      }
    }
  }

  @Test("Another order has other bits, which the test above would notice")
  func order() {
    let forwards = Self.reference(250, 12)
    let backwards = (0..<250).map { index in
      (0..<11).reversed().reduce(Self.element(index, of: 11)) { $0 + Self.element(index, of: $1) }
    }
    #expect(forwards.map(\.bitPattern) != backwards.map(\.bitPattern))
  }

  @Test(
    "Elements that are there at other times on each rank have the same sum",
    arguments: [1, 2, 3, 5])
  func order(ranks: Int) throws {
    let count = 1000
    let expected = Self.reference(count, 5).map(\.bitPattern)
    let sums = try LocalRank.run(ranks) { rank in
      let sum = OrderedSum(
        count: count, elementSize: 4, shareCount: 5, over: rank, blockSize: 40)
      // Parts of 50 elements, in an order of its own, of which every third question brings one.
      var missing = (0..<20).sorted { ($0 * 7 + rank.rank) % 20 < ($1 * 7 + rank.rank) % 20 }
      var questions = 0
      let elements = try sum.sum(present: 5) { range in
        questions += 1
        if questions % 3 == 0, let part = missing.popLast() {
          for share in sum.shares {
            let target = sum.elements(of: share).bindMemory(to: Float.self)
            for index in part * 50..<(part + 1) * 50 {
              target[index] = Self.element(index, of: share)
            }
          }
        }
        return !missing.contains { range.overlaps($0 * 50..<($0 + 1) * 50) }
      }.elements
      return Array(elements.bindMemory(to: Float.self))
    }
    for sum in sums { #expect(sum.map(\.bitPattern) == expected) }
  }

  @Test("After a failure there is no other sum")
  func afterFailure() throws {
    struct Broken: Error {}
    let sum = OrderedSum(count: 3, elementSize: 4, shareCount: 1, over: SingleRank())
    #expect(throws: Broken.self) { try sum.sum(present: 1) { _ in throw Broken() } }
    #expect(throws: RankError.self) { try sum.sum(present: 1) }
  }

  @Test("In float64, too")
  func double() throws {
    let sums = try LocalRank.run(3) { rank in
      let sum = OrderedSum(count: 2, elementSize: 8, shareCount: 4, over: rank)
      for share in sum.shares {
        let target = sum.elements(of: share).bindMemory(to: Double.self)
        target[0] = 0.1 * Double(share + 1)
        target[1] = Double(share)
      }
      return Array(try sum.sum(present: 4).elements.bindMemory(to: Double.self))
    }
    for sum in sums { #expect(sum == [((0.1 + 0.2) + 0.1 * 3) + 0.4, 6]) }
  }

  @Test("Shares are dealt out in runs, whether or not they go up")
  func dealing() {
    for ranks in 1...12 {
      let all = (0..<ranks).map { OrderedSum.shares(of: $0, ranks: ranks, shareCount: 12) }
      #expect(all.flatMap { Array($0) } == Array(0..<12))
      #expect(all.map(\.count).max()! - all.map(\.count).min()! <= 1)
    }
  }

  @Test("Ranks find who differs from the first, and in what")
  func agreement() throws {
    let same = try LocalRank.run(4) { try $0.difference(in: [7, 8])?.rank }
    #expect(same == [nil, nil, nil, nil])
    let differing = try LocalRank.run(4) { rank in
      try rank.difference(in: [7, rank.rank >= 2 ? 9 : 8]).map { [$0.rank, $0.place] }
    }
    #expect(differing == Array(repeating: [2, 1], count: 4))
  }

  @Test("A rank that stops is noticed")
  func silence() throws {
    let error = #expect(throws: RankError.self) {
      try LocalRank.run(3) { rank in
        rank.patience = .milliseconds(300)
        if rank.rank == 1 { return }
        _ = try rank.difference(in: [1])
      }
    }
    #expect(error?.description.hasPrefix("nothing has come from rank ") == true)
  }

  @Test("A rank that fails ends the others")
  func failure() {
    struct Fault: Error {}
    #expect(throws: Fault.self) {
      try LocalRank.run(3) { rank in
        if rank.rank == 1 { throw Fault() }
        _ = try rank.difference(in: [1])
      }
    }
  }
}
