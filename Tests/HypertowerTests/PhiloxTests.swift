import Hypertower
import Testing

@Suite struct PhiloxTests {
  /// The known answers of the Random123 distribution for philox4x32-10.
  @Test(
    arguments: [
      (
        [0, 0, 0, 0], [0, 0], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
      ),
      (
        [UInt32](repeating: .max, count: 4), [UInt32](repeating: .max, count: 2),
        [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
      ),
      (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
      ),
    ] as [([UInt32], [UInt32], [UInt32])])
  func knownAnswers(counter: [UInt32], key: [UInt32], expected: [UInt32]) {
    let philox = Philox(key: UInt64(key[1]) << 32 | UInt64(key[0]))
    let block = philox.block(counter[0], counter[1], counter[2], counter[3])
    #expect((0..<4).map { block[$0] } == expected)
  }

  @Test func initialWeightsAreUniform() {
    let bound = 1 / Float(784).squareRoot()
    let values = Initializer.kaimingUniform(fanIn: 784).values(count: 100_000, seed: 3, stream: 0)
    #expect(values.allSatisfy { $0 >= -bound && $0 < bound })
    // Ten bins of 10,000 each, give or take five standard deviations of 95.
    var bins = [Int](repeating: 0, count: 10)
    for value in values { bins[Swift.min(9, Int((value / bound + 1) * 5))] += 1 }
    #expect(bins.allSatisfy { (9525...10475).contains($0) }, "\(bins)")
  }

  @Test func initialWeightsAreNormal() {
    let values = Initializer.normal(standardDeviation: 2).values(count: 100_000, seed: 3, stream: 1)
      .map { Double($0) / 2 }
    let moments = (1...4).map { power in
      values.reduce(0) { sum, value in sum + (0..<power).reduce(1) { product, _ in product * value }
      }
        / 100_000
    }
    // 0, 1, 0 and 3, give or take five standard deviations of a mean of 100,000.
    assertClose(
      moments, [0, 1, 0, 3], .each([1, 2, 15, 96].map { 5 * ($0 / 100_000).squareRoot() }),
      "moments")
    // The shares within one and two standard deviations.
    for (bound, share) in [(1.0, 0.682689), (2, 0.954500)] {
      let within = values.count { $0.magnitude < bound }
      assertClose(Double(within) / 100_000, share, .absolute(0.0075), "within \(bound)")
    }
  }

  @Test func uniformWithinABound() {
    let bound = Initializer.uniform(bound: 0.5).values(count: 64, seed: 1, stream: 2)
    #expect(bound == Initializer.kaimingUniform(fanIn: 4).values(count: 64, seed: 1, stream: 2))
  }

  @Test func seedsAndStreamsDiffer() {
    func values(_ seed: UInt64, _ stream: UInt32) -> [Float] {
      Initializer.kaimingUniform(fanIn: 4).values(count: 64, seed: seed, stream: stream)
    }
    #expect(values(1, 0) == values(1, 0))
    let others = [values(1, 0), values(2, 0), values(1 << 32, 0), values(1, 1)]
    #expect(Set(others).count == others.count)
    #expect(Initializer.constant(2).values(count: 3, seed: 1, stream: 0) == [2, 2, 2])
  }
}
