import Hypertower

/// How values are spread: how many of them lie in each of some ranges of equal width.
struct Histogram {
  let least: Double
  let greatest: Double
  let sum: Double
  let sumOfSquares: Double
  /// The number of values in each range, from the least value to the greatest.
  let counts: [Int]

  private static let mostRanges = 30

  /// - Parameter values: at least one.
  /// - Returns: nil if one is not finite.
  init?(_ values: [Double]) {
    guard let least = values.min(), let greatest = values.max(),
      values.allSatisfy(\.isFinite), (greatest - least).isFinite
    else { return nil }
    (self.least, self.greatest) = (least, greatest)
    sum = values.reduce(0, +)
    sumOfSquares = values.reduce(0) { $0 + $1 * $1 }
    guard greatest > least else {
      counts = [values.count]
      return
    }
    var counts = [Int](repeating: 0, count: Self.mostRanges)
    for value in values {
      let place = (value - least) / (greatest - least) * Double(counts.count)
      counts[min(Int(place), counts.count - 1)] += 1
    }
    self.counts = counts
  }

  /// Where each range ends.
  var limits: [Double] {
    counts.indices.map { index in
      index == counts.count - 1
        ? greatest
        : least + (greatest - least) * Double(index + 1) / Double(counts.count)
    }
  }

  var message: ProtobufMessage {
    var message = ProtobufMessage()
    message.add(1, double: least)
    message.add(2, double: greatest)
    message.add(3, double: Double(counts.reduce(0, +)))
    message.add(4, double: sum)
    message.add(5, double: sumOfSquares)
    message.add(6, doubles: limits)
    message.add(7, doubles: counts.map(Double.init))
    return message
  }
}
