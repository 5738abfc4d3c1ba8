/// Counts distinct numbers that may be more than memory holds.
enum DistinctCount {
  /// How many of `numbers` differ.
  ///
  /// They are divided by the upper bits of a product into buckets, and sets are made of as many buckets at a time as have
  /// about `most` numbers; each time goes through all numbers.
  ///
  /// - Parameter most: how many numbers are compared at a time.
  static func count(of numbers: some Sequence<UInt64>, most: Int = 1 << 22) -> Int {
    // An odd factor: different numbers have different products.
    func spread(_ number: UInt64) -> UInt64 { number &* 0x9E37_79B9_7F4A_7C15 }
    func bucket(_ number: UInt64) -> Int { Int(spread(number) >> (64 - bucketBits)) }
    var sizes = [Int](repeating: 0, count: 1 << bucketBits)
    for number in numbers { sizes[bucket(number)] += 1 }
    var (count, start) = (0, 0)
    while start < sizes.count {
      var (end, size) = (start + 1, sizes[start])
      while end < sizes.count, size + sizes[end] <= most {
        size += sizes[end]
        end += 1
      }
      if size > 0 {
        var distinct: Set<UInt64> = []
        for number in numbers where (start..<end).contains(bucket(number)) {
          distinct.insert(number)
        }
        count += distinct.count
      }
      start = end
    }
    return count
  }

  private static let bucketBits = 12
}
