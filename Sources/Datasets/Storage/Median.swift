/// Finds the median of numbers that may be more than memory holds.
enum Median {
  /// The number in the middle, or the mean of the two in the middle; 0 of none.
  ///
  /// - Parameter numbers: none is NaN; they are gone through seven times, or 13 if their number is even.
  static func median(of numbers: some Sequence<Double>) -> Double {
    var count = 0
    for _ in numbers { count += 1 }
    guard count > 0 else { return 0 }
    let upper = number(count / 2, of: numbers)
    return count % 2 == 1 ? upper : (number(count / 2 - 1, of: numbers) + upper) / 2
  }

  /// The number in place `rank` of the ascending order.
  ///
  /// Its bits are found by eleven at a time: of the numbers that begin with the bits that are known, it is counted how
  /// many go on with each value.
  private static func number(_ rank: Int, of numbers: some Sequence<Double>) -> Double {
    var (rank, prefix, knownBits) = (rank, UInt64(0), 0)
    while knownBits < 64 {
      let bits = min(digitBits, 64 - knownBits)
      let shift = UInt64(64 - knownBits - bits)
      var counts = [Int](repeating: 0, count: 1 << bits)
      for number in numbers {
        let key = key(number)
        guard knownBits == 0 || key >> UInt64(64 - knownBits) == prefix else { continue }
        counts[Int(truncatingIfNeeded: key >> shift) & (counts.count - 1)] += 1
      }
      var digit = 0
      while rank >= counts[digit] {
        rank -= counts[digit]
        digit += 1
      }
      prefix = prefix << UInt64(bits) | UInt64(digit)
      knownBits += bits
    }
    return Double(bitPattern: prefix & signBit != 0 ? prefix ^ signBit : ~prefix)
  }

  private static let digitBits = 11
  private static let signBit: UInt64 = 1 << 63

  /// Bits whose order is that of the numbers.
  private static func key(_ number: Double) -> UInt64 {
    let bits = number.bitPattern
    return bits & signBit != 0 ? ~bits : bits | signBit
  }
}
