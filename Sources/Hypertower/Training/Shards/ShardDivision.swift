/// Where the program of a shard's gradient is divided: at sums over shards or, where there are none, so that what is
/// complete travels while the rest is computed.
struct ShardDivision {
  /// The numbers of the instructions with which parts begin, but for the first part.
  private(set) var places: [Int] = []
  /// The elements of the share that are complete after each part, and were not before it.
  private(set) var completed: [[Range<Int>]] = []

  /// A part completes a quarter of the gradient or more, of which it pays to send this many elements while something
  /// is computed: 64 KiB, the smallest block of a sum.
  private static let fewestElements = 1 << 14
  /// After a division there must be as much left to do: a tenth of all.
  private static let leastWork = 10

  /// - Parameters:
  ///   - share: the number of the buffer that has the share.
  ///   - results: what the program writes there, whole ranges that do not overlap.
  init(_ program: Program, share: Int, results: [Range<Int>]) {
    let results = results.filter { !$0.isEmpty }.sorted { $0.lowerBound < $1.lowerBound }
    var ends = [Int](repeating: 0, count: results.count)
    for (number, instruction) in program.instructions.enumerated() {
      for access in instruction.accesses where access.isWrite && access.buffer == share {
        for result in results.indices where access.range.overlaps(results[result]) {
          ends[result] = number
        }
      }
    }
    let enough = Swift.max(Self.fewestElements, results.reduce(0) { $0 + $1.count } / 4)
    let works = program.instructions.map(\.work)
    let all = works.reduce(0, +)
    var (complete, done) = (0, 0)
    let hostPoints = program.hostPoints
    places = hostPoints
    for number in works.indices where hostPoints.isEmpty {
      complete += zip(results, ends).reduce(0) { $0 + ($1.1 == number ? $1.0.count : 0) }
      done += works[number]
      if complete >= enough, (all - done) * Self.leastWork >= all {
        places.append(number + 1)
        complete = 0
      }
    }
    let bounds = [0] + places + [works.count]
    completed = zip(bounds, bounds.dropFirst()).map { start, end in
      var ranges: [Range<Int>] = []
      var isAdjacent = false
      for (result, number) in zip(results, ends) {
        let isHere = (start..<end).contains(number)
        if isHere, isAdjacent {
          // What lies between two neighbours is never written.
          ranges[ranges.count - 1] = ranges[ranges.count - 1].lowerBound..<result.upperBound
        } else if isHere {
          ranges.append(result)
        }
        isAdjacent = isHere
      }
      return ranges
    }
  }
}
