import Hypertower
import Testing

@Suite struct IndexPermutationTests {
  @Test(arguments: [1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 1 << 12, 60_000])
  func everyIndexComesOnce(count: Int) {
    for (seed, epoch) in [(0, 0), (1, 0), (1, 7), (UInt64.max, 123_456)] as [(UInt64, Int)] {
      let permutation = IndexPermutation(count: count)
      let order = (0..<count).map { permutation($0, epoch: epoch, seed: seed) }
      #expect(order.sorted() == Array(0..<count), "\(count), seed \(seed), epoch \(epoch)")
    }
  }

  @Test func epochsAndSeedsDiffer() {
    func order(_ seed: UInt64, _ epoch: Int) -> [Int] {
      let permutation = IndexPermutation(count: 100)
      return (0..<100).map { permutation($0, epoch: epoch, seed: seed) }
    }
    let orders = [
      Array(0..<100), order(0, 0), order(0, 1), order(0, 2), order(1, 0), order(1 << 32, 0),
    ]
    #expect(Set(orders).count == orders.count)
  }

  /// Over many epochs every index comes to every place about as often as to others.
  @Test(arguments: [10, 12, 16])
  func placesAreUniform(count: Int) {
    let permutation = IndexPermutation(count: count)
    let epochs = 1000 * count
    var counts = [Int](repeating: 0, count: count * count)
    for epoch in 0..<epochs {
      for place in 0..<count {
        counts[place * count + permutation(place, epoch: epoch, seed: 42)] += 1
      }
    }
    // 1,000 each; χ² of count² cells has count² degrees of freedom at most, with a standard
    // deviation of √(2·count²): six of them are allowed.
    let chiSquared = counts.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
    let cells = Double(count * count)
    #expect(chiSquared < cells + 6 * (2 * cells).squareRoot(), "\(chiSquared) for \(cells) cells")
  }

  /// Neighbours in the data do not stay neighbours.
  @Test func neighboursPart() {
    let permutation = IndexPermutation(count: 60_000)
    let order = (0..<60_000).map { permutation($0, epoch: 0, seed: 5) }
    let close = zip(order, order.dropFirst()).filter { ($0 - $1).magnitude <= 300 }.count
    // One pair in 100 by chance: 600, give or take 25.
    #expect((450...750).contains(close), "\(close)")
  }
}
