import Hypertower
import Testing

@testable import Datasets

@Suite("Parts that are held back")
struct SplitTests {
  /// 1,000 samples, of which every tenth is of class 1, and 7 are of class 2.
  private static let labels = (0..<1000).map { sample -> Int32 in
    sample % 10 == 3 ? 1 : sample % 149 == 0 ? 2 : 0
  }

  private func counts(_ samples: [Int]) -> [Int] {
    (0..<3).map { label in samples.count { Self.labels[$0] == label } }
  }

  @Test("Every class has its share of each part, and no sample is in two")
  func stratified() throws {
    let all = counts(Array(0..<1000))
    #expect(all == [893, 100, 7])
    let parts = try Split(validation: 0.1, test: 0.2, seed: 5).parts(
      count: 1000, labels: Self.labels)
    let (validation, test) = (try #require(parts.validation), try #require(parts.test))
    #expect(validation.count == 100 && test.count == 200)
    #expect((parts.train + validation + test).sorted() == Array(0..<1000))
    for (part, share) in [(validation, 0.1), (test, 0.2)] {
      for (own, all) in zip(counts(part), all) {
        #expect(abs(Double(own) - share * Double(all)) < 1)
      }
      #expect(part == part.sorted())
    }
  }

  @Test("The seed alone decides which samples are held back")
  func seeds() throws {
    func test(_ seed: UInt64) throws -> [Int]? {
      try Split(test: 0.2, seed: seed).parts(count: 1000, labels: Self.labels).test
    }
    #expect(try test(1) == test(1))
    let (one, two) = (Set(try #require(try test(1))), Set(try #require(try test(2))))
    // 40 are expected in both.
    #expect(one.intersection(two).count < 80)
  }

  @Test("Classes of a single sample are held back last")
  func singles() throws {
    let labels: [Int32] = [0, 1, 2, 3, 3, 3, 3, 3, 3, 3]
    for seed in 0..<20 as Range<UInt64> {
      let parts = try Split(test: 0.3, seed: seed).parts(count: 10, labels: labels)
      #expect(try #require(parts.test).allSatisfy { labels[$0] == 3 })
    }
  }

  @Test("A part without samples is refused")
  func emptyParts() {
    let error = #expect(throws: InputError.self) {
      try Split(test: 0.01).parts(count: 20, labels: nil)
    }
    #expect(error?.kind == .usage)
    #expect(
      error?.message
        == "--test 0.01 holds back none of the 20 training samples: give a greater share")
  }
}
